import { RowmillError } from '../../errors.ts';
import type { Sha256 } from '../../ports/hash.ts';
import type { RunFiles } from '../../ports/run-files.ts';
import { tailHash } from './input-identity.ts';
import type { RunRecord } from '../run-record.ts';
import type { ServicePorts } from '../service-ports.ts';

/** An output up to a checkpoint. */
export interface WrittenOutput {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of the last 64 KiB of it; undefined where it is no file that can be read again. */
  readonly tailSha256: string | undefined;
}

/** SHA-256 of the 64 KiB before the end of what was written; undefined for a device. */
export async function hashOutput(
  files: Pick<RunFiles, 'openInput'>,
  { path, bytes }: Pick<WrittenOutput, 'path' | 'bytes'>,
  sha256: Sha256,
): Promise<string | undefined> {
  const file = await files.openInput(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    return await tailHash(file, bytes, sha256);
  } finally {
    await file.close();
  }
}

/**
 * Throws `run_not_resumable`, naming what differs, when a file is not what the run has written. It is
 * looked at before it is cut back: it may be somebody else's by now.
 */
export async function refuseChangedOutput(
  files: Pick<RunFiles, 'openInput'>,
  written: WrittenOutput,
  sha256: Sha256,
): Promise<void> {
  const { path, bytes, tailSha256 } = written;
  if (bytes === 0 || tailSha256 === undefined) return;
  const refuse = (what: string): RowmillError =>
    new RowmillError(
      'run_not_resumable',
      `${path} ${what}. Put it back as it was, or start again without --resume`,
    );
  const file = await files.openInput(path).catch((error: unknown) => {
    const isGone = error instanceof RowmillError && error.code === 'input_not_found';
    throw isGone ? refuse(`is gone, but the run had written ${bytes} bytes to it`) : error;
  });
  try {
    if (file.size !== undefined && file.size < bytes) {
      throw refuse(
        `has ${file.size} bytes, but the run had written ${bytes}: it was cut or replaced`,
      );
    }
    if ((await tailHash(file, bytes, sha256)) !== tailSha256) {
      throw refuse(
        `is not what the run had written: the 64 KiB before byte ${bytes} are not the same`,
      );
    }
  } finally {
    await file.close();
  }
}

/**
 * Throws `run_not_resumable`, naming the run, when a later one has written the output: its bytes may be the
 * same up to the checkpoint, and to cut them back would take from that run what it says it has written.
 */
export async function refuseOtherWriter(
  { runId, outputPath: path }: RunRecord,
  { files, store }: Pick<ServicePorts, 'files' | 'store'>,
): Promise<void> {
  const identity = path === undefined ? undefined : await files.identityOf(path);
  if (identity === undefined) return;
  for (const later of await store.records()) {
    if (later.runId === runId) return;
    const isOther =
      later.outputPath === undefined || (await files.identityOf(later.outputPath)) !== identity;
    if (isOther) continue;
    throw new RowmillError(
      'run_not_resumable',
      `${path} has been written by run ${later.runId} since: go on with that one, or start again without --resume`,
    );
  }
}

/**
 * Cuts off what lies behind the checkpoint of a run that broke off, so that output and counts agree and
 * an unprocessed row is in one place only. Left as it is where that cannot be: a resume cuts it anyway.
 */
export async function cutOutput(
  files: Pick<RunFiles, 'openInput' | 'openOutput'>,
  written: WrittenOutput & { readonly confirm: () => Promise<void> },
  sha256: Sha256,
): Promise<void> {
  if (written.bytes === 0 || written.tailSha256 === undefined) return;
  try {
    await refuseChangedOutput(files, written, sha256);
    const file = await files.openOutput(written.path, written.bytes, written.confirm);
    await file.close();
  } catch {
    // It is gone or replaced, its disk is, or the run is another's: that was said already.
  }
}
