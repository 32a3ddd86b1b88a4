import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { begin, buildIfStale, MAIN, onTerminal, rowmill } from '../cli/built-command-line.ts';
import { openCutLine, type CutLine } from './cut-line.ts';
import { serveFolder, type ServedFolder } from './test-command-line.ts';

const MIB = 1024 * 1024;
/** Above what is uploaded in one request, in a few rows. */
const LARGE = Buffer.from(
  `n,note\n${Array.from({ length: 75 }, (_, row) => `${row},${String(row % 10).repeat(MIB - 100)}\n`).join('')}`,
);

let served: ServedFolder;
let line: CutLine;
beforeAll(async () => {
  await buildIfStale();
  served = await serveFolder({ ROWMILL_LOG_LEVEL: 'info' });
  await writeFile(join(served.folder, 'large.csv'), LARGE);
}, 120_000);
afterAll(() => served.end());
beforeEach(async () => {
  line = await openCutLine(served.url);
});
afterEach(() => line.end());

const overLine = () => ({ environment: { ROWMILL_SERVER: line.url } });
const client = (...words: readonly string[]) => rowmill(served.folder, words, overLine());
const beginClient = (...words: readonly string[]) =>
  begin(process.execPath, [MAIN, ...words], { folder: served.folder, ...overLine() });

/** What the server has of uploads: files of any, drafts, runs. */
async function kept(): Promise<unknown> {
  const list = async (what: string): Promise<readonly { readonly id: string }[]> =>
    ((await (await fetch(`${served.url}/v1/${what}`)).json()) as { data: { id: string }[] }).data;
  const files = await readdir(join(served.folder, 'data', 'uploads'), { recursive: true });
  return { files, drafts: await list('drafts'), runs: (await list('runs')).map(({ id }) => id) };
}

/** Looks until it is so, 20 s at most. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 200 && !(await isSo()); looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('a large upload', () => {
  it('is taken up where it was, when its connection breaks', async () => {
    line.cutNext(2, 30 * MIB);
    const { exitCode, stdout, stderr } = await client('run', 'demo/quick', 'large.csv', '--detach');
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('runs watch')]);
    // Without that it would be 135 MiB and more.
    expect(line.sentBytes).toBeLessThan(105 * MIB);
    const runId = stdout.trim();
    expect((await client('runs', 'watch', runId)).exitCode).toBe(0);
    await client('download', runId, '--file', 'input', '-o', 'back.csv');
    expect(LARGE.equals(await readFile(join(served.folder, 'back.csv')))).toBe(true);
    expect(await kept()).toMatchObject({ files: ['partial'], drafts: [] });
  }, 60_000);

  it('is checked as a small one is', async () => {
    line.cutNext(1, 30 * MIB);
    const { exitCode, stdout } = await client('check', 'demo/quick', 'large.csv', '--json');
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([0, { rows: 75, valid: 75 }]);
    expect(await kept()).toMatchObject({ files: ['partial'], drafts: [] });
  }, 60_000);

  it.each([
    ['a run', ['run', 'demo/quick', 'large.csv', '-o', 'out.csv']],
    ['a detached run', ['run', 'demo/quick', 'large.csv', '--detach']],
    ['a check', ['check', 'demo/quick', 'large.csv']],
  ])(
    'leaves nothing behind at Ctrl-C: %s',
    async (_, words) => {
      const before = await kept();
      const held = line.holdNext(10 * MIB);
      const begun = beginClient(...words);
      await held;
      begun.process.kill('SIGINT');
      const { exitCode, stdout } = await begun.ended;
      expect([exitCode, stdout]).toEqual([130, '']);
      expect(await kept()).toEqual(before);
    },
    60_000,
  );

  it('is refused at once where it is larger than the server takes', async () => {
    const small = await serveFolder({ ROWMILL_MAX_UPLOAD_BYTES: '70MiB' });
    try {
      const path = join(served.folder, 'large.csv');
      const { exitCode, stderr } = await small.client(['run', 'demo/quick', path]);
      expect([exitCode, stderr]).toEqual([6, expect.stringMatching(/size|large/i)]);
    } finally {
      await small.end();
    }
  }, 60_000);
});

describe('a large upload to a server that is killed', () => {
  it('goes on at the server that takes its place', async () => {
    const held = line.holdNext(30 * MIB);
    const run = beginClient('run', 'demo/quick', 'large.csv', '--detach');
    await held;
    line.turnTo(await served.restart());
    line.cutHeld();
    const { exitCode, stdout } = await run.ended;
    expect(exitCode).toBe(0);
    // Without that it would be 105 MiB and more.
    expect(line.sentBytes).toBeLessThan(90 * MIB);
    await client('download', stdout.trim(), '--file', 'input', '-o', 'back.csv');
    expect(LARGE.equals(await readFile(join(served.folder, 'back.csv')))).toBe(true);
  }, 120_000);
});

describe('an upload in one request', () => {
  it('leaves nothing behind at Ctrl-C', async () => {
    const before = await kept();
    await writeFile(join(served.folder, 'middle.csv'), LARGE.subarray(0, 40 * MIB));
    const held = line.holdNext(10 * MIB);
    const begun = beginClient('run', 'demo/quick', 'middle.csv');
    await held;
    begun.process.kill('SIGINT');
    const { exitCode, stderr } = await begun.ended;
    expect([exitCode, stderr]).toEqual([130, expect.stringContaining('keeps nothing of it')]);
    // The line tells the server that its client has gone, and the server hears of it a moment later.
    line.cutHeld();
    await until(async () => JSON.stringify(await kept()) === JSON.stringify(before));
    expect(await kept()).toEqual(before);
  }, 60_000);

  it('leaves nothing behind at Ctrl-C, when its standard input says nothing more', async () => {
    const before = await kept();
    const begun = begin(process.execPath, [MAIN, 'run', 'demo/quick', '-', '-o', '-'], {
      folder: served.folder,
      stdin: null,
      ...overLine(),
    });
    begun.process.stdin?.write('n\n1\n');
    await line.hears('POST /v1/drafts');
    begun.process.kill('SIGINT');
    const { exitCode, stdout } = await begun.ended;
    expect([exitCode, stdout]).toEqual([130, '']);
    await until(async () => JSON.stringify(await kept()) === JSON.stringify(before));
    expect(await kept()).toEqual(before);
  }, 60_000);

  it('is made again from its beginning, when its connection breaks', async () => {
    await served.write('middle.csv', `n\n${'1234567\n'.repeat(MIB)}`);
    line.cutNext(1, 4 * MIB);
    const words = ['run', 'demo/quick', 'middle.csv', '--limit', '10', '-o', 'out.csv'];
    const { exitCode, stderr } = await client(...words);
    expect(exitCode, stderr).toBe(0);
    expect((await served.read('out.csv')).split('\n')).toHaveLength(12);
  }, 60_000);

  it('is shown on a terminal', async () => {
    await served.write('in.csv', 'n\n1\n');
    const words = ['run', 'demo/quick', 'in.csv', '-o', 'out.csv', '--server', served.url];
    const { exitCode, stdout } = await onTerminal(served.folder, words);
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringContaining('uploading  0 bytes of 4 bytes'),
    ]);
  });
});

describe('arguments', () => {
  const SECRET = 'Bearer s3cr3t-and-more';

  it('go in no address and no log, however long or secret they are', async () => {
    await served.write('in.csv', 'n\n1\n');
    const headers = { authorization: SECRET, long: 'x'.repeat(100_000) };
    await served.write('arguments.json', JSON.stringify({ headers }));
    const flags = ['--args-file', 'arguments.json', '--set', `note=${SECRET}`];
    const ran = await client('run', 'demo/told', 'in.csv', '-o', 'out.csv', ...flags);
    expect([ran.exitCode, await served.read('out.csv')]).toEqual([
      0,
      `n,seen,error\n1,${SECRET.length} 100000,\n`,
    ]);
    expect((await client('check', 'demo/told', 'in.csv', ...flags)).exitCode).toBe(0);
    expect(line.requestLines).toEqual(
      expect.arrayContaining([expect.stringMatching(/^POST \/v1\/runs HTTP/)]),
    );
    expect(line.requestLines.join('\n')).not.toMatch(/s3cr3t|xxx|authorization/);
    const heard = served.server.heard();
    expect(heard).toContain('/v1/runs');
    expect(heard).not.toMatch(/s3cr3t|xxx|authorization/);
  });

  it('that are wrong are refused as on this machine', async () => {
    await served.write('in.csv', 'n\n1\n');
    const words = ['run', 'demo/told', 'in.csv', '--arg', 'headers=none'];
    const remote = await client(...words);
    const local = await rowmill(served.folder, [...words, '--tasks', 'demo.ts']);
    expect([remote.exitCode, remote.stderr]).toEqual([2, local.stderr]);
    expect(await kept()).toMatchObject({ files: ['partial'], drafts: [] });
  });
});
