import { RowmillError } from '../errors.ts';
import { deriveFiles, type Derived, type DerivedPaths } from './derive-files.ts';
import { refuseChangedInput } from './input-identity.ts';
import { openStored } from './resume-run.ts';
import { ERRORS_FILE } from './run-paths.ts';
import type { ServicePorts } from './service-ports.ts';

/** Writes files of a stored run, of whatever status, from its errors file and its input. */
export async function deriveStored(
  runId: string,
  paths: DerivedPaths,
  ports: ServicePorts,
): Promise<Derived> {
  const { files, store, sha256 } = ports;
  const { record, folder } = await store.get(runId);
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
    try {
      const then = { identity: inputIdentity, byte: position.byte, tailSha256 };
      await refuseChangedInput(input, then, sha256);
      return await deriveFiles(files, { errors, input: { record, input, table }, position }, paths);
    } finally {
      await input.close();
    }
  } finally {
    await held.release();
  }
}
