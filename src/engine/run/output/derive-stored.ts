import { RowmillError } from '../../errors.ts';
import { deriveFiles, type Derived, type DerivedPaths } from './derive-files.ts';
import { refuseChangedInput } from '../begin/input-identity.ts';
import { openStored } from '../carry/resume-run.ts';
import { RowOrigins } from '../after/row-origins.ts';
import { ERRORS_FILE, outputPathOf } from '../run-paths.ts';
import type { StoredRun } from '../run-record.ts';
import type { ServicePorts } from '../service-ports.ts';

/** A file that is written must not be one that the run lives from. */
async function refuseOwnFiles(
  { failedPath, errorsPath, unprocessedPath }: DerivedPaths,
  { record, folder }: Pick<StoredRun, 'record' | 'folder'>,
  { files }: ServicePorts,
): Promise<void> {
  const taken = new Map<string | undefined, string>();
  const output = outputPathOf(record, folder);
  if (output !== undefined) taken.set(await files.identityOf(output), "the run's output");
  if (record.input.kind === 'file') {
    taken.set(await files.identityOf(record.input.path), "the run's input");
  }
  const home = `${await files.realPath(folder)}/`;
  for (const path of [failedPath, errorsPath, unprocessedPath]) {
    if (path === undefined) continue;
    const identity = await files.identityOf(path);
    const isInFolder = (await files.realPath(path)).startsWith(home);
    const other =
      (identity === undefined ? undefined : taken.get(identity)) ??
      (isInFolder ? "a file of the run's folder" : undefined);
    if (other !== undefined) {
      throw new RowmillError('usage', `${path} is ${other}: give another name`);
    }
    taken.set(identity, 'named twice');
    await files.refuseUnwritable(path);
  }
}

/** Writes files of a stored run, of whatever status, from its errors file and its input. */
export async function deriveStored(
  runId: string,
  paths: DerivedPaths,
  ports: ServicePorts,
): Promise<Derived> {
  const { files, store, sha256 } = ports;
  const stored = await store.get(runId);
  const { record, folder } = stored;
  await refuseOwnFiles(paths, { record, folder }, ports);
  const held = await store.hold(runId);
  try {
    const { checkpoint } = held;
    if (checkpoint === undefined) {
      throw new RowmillError(
        'usage',
        `run ${runId} has processed no row: there is nothing to write`,
      );
    }
    const { position, tailSha256 } = checkpoint;
    const errors = `${folder}/${ERRORS_FILE}`;
    const { table, inputIdentity } = record;
    if (table === undefined)
      return await deriveFiles(files, { errors, input: undefined, position }, paths);
    if (inputIdentity === undefined) {
      throw new RowmillError('usage', `run ${runId} read a stream that was not kept`);
    }
    const input = await openStored(record, ports);
    const origins = await RowOrigins.open(stored, files);
    try {
      const then = { identity: inputIdentity, byte: position.byte, tailSha256 };
      await refuseChangedInput(input, then, sha256);
      const from = { errors, origins, input: { record, input, table }, position };
      return await deriveFiles(files, from, paths);
    } finally {
      await origins?.close();
      await input.close();
    }
  } finally {
    await held.release();
  }
}
