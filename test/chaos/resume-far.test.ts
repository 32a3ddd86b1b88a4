import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { defineTask, ok } from 'rowmill';
import { afterEach, expect, it } from 'vitest';
import type { InputFile } from '../../src/engine/ports/run-files.ts';
import type { RunHandles, RunRequest, RunResult } from '../../src/engine/run/run-service.ts';
import { LocalRunService } from '../../src/engine/service.ts';
import { LocalRunFiles } from '../../src/files/local/local-run-files.ts';
import { LocalRunStore } from '../../src/stores/local/local-run-store.ts';
import { LocalTaskStorage } from '../../src/stores/local/local-task-storage.ts';
import { environmentSecrets } from '../../src/system/environment-secrets.ts';
import { openRunLog } from '../../src/system/run-log.ts';
import { systemClock } from '../../src/system/system-clock.ts';
import { v8StateCodec } from '../../src/system/v8-state-codec.ts';
import { ChaosFolder } from './chaos-folder.ts';

/** Size of the input. By hand: CHAOS_BYTES=1000000000. */
const BYTES = Number(process.env['CHAOS_BYTES'] ?? '40000000');

const copy = defineTask({
  category: 'chaos',
  action: 'copy',
  description: 'Leave every row as it is',
  columns: 'any',
  row: () => ok(),
});

/** Files that count what is read of the input. */
class CountingFiles extends LocalRunFiles {
  bytesRead = 0;
  readonly #input: string;

  constructor(input: string) {
    super({ stdin: process.stdin, stdout: process.stdout });
    this.#input = input;
  }

  override async openInput(path: string): Promise<InputFile> {
    const file = await super.openInput(path);
    if (path !== this.#input) return file;
    const read = file.read.bind(file);
    file.read = async (offset, into) => {
      const bytes = await read(offset, into);
      this.bytesRead += bytes;
      return bytes;
    };
    return file;
  }
}

let folder: ChaosFolder;
afterEach(() => rm(folder.path, { recursive: true, force: true }));

it('a resume at 90 % begins within a second and reads only what is left', async () => {
  folder = await ChaosFolder.make();
  await writeLines(folder.at('in.csv'), BYTES);
  const stop = new AbortController();
  const first = await carryOut({
    onProgress: ({ bytesDone }) => {
      if (bytesDone >= BYTES * 0.9) stop.abort('pause');
    },
    stop,
  });
  expect(first.result.status).toBe('paused');

  const resumed = await carryOut({ onProgress: () => undefined, stop: new AbortController() });
  expect(resumed.result).toMatchObject({ status: 'success', unprocessed: 0 });
  const share = resumed.bytesRead / BYTES;
  console.log(
    `began after ${Math.round(resumed.beganAfterMs)} ms, read ${(share * 100).toFixed(2)} %`,
  );
  expect(resumed.beganAfterMs).toBeLessThan(1_000);
  // The rest, and what tells that the input is still the same: its head, and the tail at each checkpoint.
  expect(resumed.bytesRead).toBeLessThan(BYTES * 0.1 + 2_000_000 + resumed.seconds * 65_536 * 2);
  const [input, output] = await Promise.all([lines('in.csv'), lines('out.csv')]);
  expect(output).toBe(input);
}, 600_000);

async function carryOut({
  onProgress,
  stop,
}: {
  readonly onProgress: NonNullable<RunHandles['listeners']['onProgress']>;
  readonly stop: AbortController;
}): Promise<{ result: RunResult; bytesRead: number; beganAfterMs: number; seconds: number }> {
  const files = new CountingFiles(folder.at('in.csv'));
  const service = new LocalRunService({
    store: new LocalRunStore(folder.at('runs'), systemClock),
    files,
    clock: systemClock,
    codec: v8StateCodec,
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    makeStop: () => new AbortController(),
    beginSha256: () => {
      const hash = createHash('sha256');
      return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
    },
    makeId: (prefix) => `${prefix}_far`,
    openLog: openRunLog,
    secretsOf: async () => environmentSecrets({}),
    resourcesOf: ({ task }) => ({
      storage: new LocalTaskStorage(folder.path, task.name),
      sftp: () => {
        throw new Error('there is no SFTP server');
      },
    }),
    fetch,
  });
  const request: RunRequest = {
    task: copy,
    codeHash: 'code',
    arguments: {},
    input: { kind: 'file', path: folder.at('in.csv') },
    output: { kind: 'file', path: folder.at('out.csv') },
    options: {},
    resume: true,
    acceptNewCode: false,
    onInvalid: 'reject',
    excelSafe: false,
  };
  const at = performance.now();
  let beganAfterMs = Infinity;
  const result = await service.run(request, {
    listeners: { onStarted: () => (beganAfterMs = performance.now() - at), onProgress },
    stopSignal: stop.signal,
    abortSignal: new AbortController().signal,
  });
  const seconds = (performance.now() - at) / 1000;
  return { result, bytesRead: files.bytesRead, beganAfterMs, seconds };
}

/** A table of about so many bytes; the output of `copy` has one more comma a line. */
async function writeLines(path: string, bytes: number): Promise<void> {
  const block = Buffer.from(
    '1,a name of some length,a note that is longer than the name\n'.repeat(16_384),
  );
  const file = await open(path, 'w');
  await file.write('id,name,note\n');
  for (let written = 0; written < bytes; written += block.length) await file.write(block);
  await file.close();
}

/** SHA-256 of the lines, without the column that the run adds. */
async function lines(name: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(folder.at(name));
  for await (const line of file.readLines())
    hash.update(line.replace(/,(error)?$/, '')).update('\n');
  return hash.digest('hex');
}
