import { Buffer } from 'node:buffer';
import type { RunFiles } from '../../ports/run-files.ts';
import { START_STATE_FILE } from '../run-paths.ts';

/** Keeps the carried state that a run is to start from, in its folder. */
export async function writeStartState(
  folder: string,
  state: Uint8Array,
  files: Pick<RunFiles, 'openOutput'>,
): Promise<void> {
  const file = await files.openOutput(`${folder}/${START_STATE_FILE}`, 0);
  try {
    await file.append(state);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Undefined where the run starts as any other. */
export async function readStartState(
  folder: string,
  files: Pick<RunFiles, 'hasContent' | 'openInput'>,
): Promise<Uint8Array | undefined> {
  const path = `${folder}/${START_STATE_FILE}`;
  if (!(await files.hasContent(path))) return undefined;
  const file = await files.openInput(path);
  try {
    const state = Buffer.alloc(file.size ?? 0);
    let length = 0;
    while (length < state.length) {
      const read = await file.read(length, state.subarray(length));
      if (read === 0) break;
      length += read;
    }
    return new Uint8Array(state.buffer, state.byteOffset, length);
  } finally {
    await file.close();
  }
}
