import { RowmillError } from '../../errors.ts';
import type { Sha256 } from '../../ports/hash.ts';
import type { InputFile } from '../../ports/run-files.ts';
import type { InputIdentity } from '../run-record.ts';

const COMPARED_BYTES = 65_536;

/** What an input is now. */
export async function identify(input: InputFile, sha256: Sha256): Promise<InputIdentity> {
  return {
    size: input.size,
    modifiedMs: input.modifiedMs,
    headSha256: await hashRange(input, { start: 0, end: COMPARED_BYTES }, sha256),
  };
}

/** SHA-256 of the 64 KiB before an offset. */
export function tailHash(input: InputFile, byte: number, sha256: Sha256): Promise<string> {
  return hashRange(input, { start: Math.max(0, byte - COMPARED_BYTES), end: byte }, sha256);
}

/** Throws `input_changed`, naming what differs. The whole file is not hashed: 1 GB takes 3 s. */
export async function refuseChangedInput(
  input: InputFile,
  then: {
    readonly identity: InputIdentity;
    readonly byte: number;
    readonly tailSha256: string | undefined;
  },
  sha256: Sha256,
): Promise<void> {
  const { identity, byte, tailSha256 } = then;
  const differences: string[] = [];
  if (identity.size !== undefined && input.size !== undefined && input.size !== identity.size) {
    differences.push(`it had ${identity.size} bytes and has ${input.size} now`);
  }
  const isSameTime =
    identity.modifiedMs === undefined ||
    input.modifiedMs === undefined ||
    Math.abs(identity.modifiedMs - input.modifiedMs) < 1;
  if (!isSameTime) {
    differences.push(
      `it was changed at ${new Date(input.modifiedMs ?? 0).toISOString()}, behind the start of the run`,
    );
  }
  const head = await hashRange(input, { start: 0, end: COMPARED_BYTES }, sha256);
  if (head !== identity.headSha256) differences.push('its first 64 KiB are not the same');
  if (tailSha256 !== undefined && (await tailHash(input, byte, sha256)) !== tailSha256) {
    differences.push(`the 64 KiB before byte ${byte} are not the same`);
  }
  if (differences.length === 0) return;
  throw new RowmillError(
    'input_changed',
    `${input.name} is not what the run began with: ${differences.join('; ')}. Put the file back, or start again without --resume`,
    { problems: differences },
  );
}

async function hashRange(
  input: InputFile,
  { start, end }: { readonly start: number; readonly end: number },
  sha256: Sha256,
): Promise<string> {
  const bytes = new Uint8Array(end - start);
  let length = 0;
  while (length < bytes.length) {
    const read = await input.read(start + length, bytes.subarray(length));
    if (read === 0) break;
    length += read;
  }
  return sha256(bytes.subarray(0, length));
}
