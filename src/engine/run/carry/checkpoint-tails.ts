import type { InputFile } from '../../ports/run-files.ts';
import type { StoredCheckpoint } from '../../ports/run-store.ts';
import type { Checkpoint } from './checkpoint.ts';
import { tailHash } from '../begin/input-identity.ts';
import { hashOutput } from '../begin/output-identity.ts';
import type { ServicePorts } from '../service-ports.ts';

/** A checkpoint with what tells, at a resume, that input and output are still the same. */
export async function withTails(
  checkpoint: Checkpoint,
  {
    input,
    outputPath: path,
  }: { readonly input: InputFile | undefined; readonly outputPath: string | undefined },
  { files, sha256 }: Pick<ServicePorts, 'files' | 'sha256'>,
): Promise<StoredCheckpoint> {
  const { position, outputBytes: bytes } = checkpoint;
  const isInputKept = input !== undefined && input.isSeekable;
  return {
    ...checkpoint,
    tailSha256: isInputKept ? await tailHash(input, position.byte, sha256) : undefined,
    outputTailSha256:
      path === undefined ? undefined : await hashOutput(files, { path, bytes }, sha256),
  };
}
