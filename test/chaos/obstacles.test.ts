import { existsSync } from 'node:fs';
import {
  appendFile,
  link,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ChaosFolder, prepareBuild, table, until, type Begun } from './chaos-folder.ts';
import { smallDisk, unmountAll } from './small-disk.ts';

const ROWS = 30_000;
const INPUT = table(ROWS);
const WORDS = ['run', 'chaos/plain', 'in.csv', '-o', 'out.csv'];
/** One run through all rows takes some seconds: long enough for checkpoints. */
const SLOWLY = { CHAOS_WORK_US: '80' };

let folder: ChaosFolder;
let expected: string;
beforeAll(async () => {
  await prepareBuild();
  const undisturbed = await ChaosFolder.make();
  await undisturbed.write('in.csv', INPUT);
  await undisturbed.rowmill(WORDS, { environment: { CHAOS_WORK_US: '0' } });
  expected = await undisturbed.sha256('out.csv');
  await undisturbed.remove();
}, 120_000);
beforeEach(async () => {
  folder = await ChaosFolder.make();
  await folder.write('in.csv', INPUT);
});
afterEach(async () => {
  await unmountAll();
  await folder.remove();
});

describe('a disk that is full', () => {
  it('of the output is named, and with space the run goes on to the same bytes', async () => {
    const disk = await smallDisk(folder.at('small'), 900);
    const words = ['run', 'chaos/plain', 'in.csv', '-o', 'small/out.csv'];
    const { exitCode, stderr } = await folder.rowmill(words, {
      ...disk,
      environment: { ...SLOWLY, ...disk.environment },
    });
    expect(stderr).toMatch(/small\/out\.csv: (no space is left|the file may not grow)/);
    expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
    expect(stderr).toContain('rowmill resume run_');
    expect(exitCode).toBe(1);
    const [runId] = await folder.runIds();
    expect(await folder.json(['runs', 'show', runId ?? ''])).toMatchObject({
      status: 'internal_error',
      message: expect.stringContaining('small/out.csv') as string,
    });
    // What is there is whole rows, as many as were counted.
    const shown = await folder.json(['runs', 'show', runId ?? '']);
    expect(Number(shown['succeeded'])).toBeGreaterThan(0);
    expect((await readFile(folder.at('small/out.csv'), 'utf8')).endsWith('\n')).toBe(true);

    const again = await folder.rowmill([...words, '--resume'], {
      ...disk,
      environment: disk.environment,
    });
    expect(again.exitCode).toBe(1);
    await disk.makeSpace();
    expect((await folder.rowmill([...words, '--resume'])).exitCode).toBe(4);
    expect(await folder.sha256('small/out.csv')).toBe(expected);
  }, 120_000);

  it('of the data folder is named, and with space the run goes on to the same bytes', async () => {
    const disk = await smallDisk(folder.at('data'), 300);
    const words = [...WORDS, '--data', 'data'];
    const { exitCode, stderr } = await folder.rowmill(words, {
      ...disk,
      environment: { ...SLOWLY, ...disk.environment },
    });
    expect(stderr).toMatch(/data\/runs\/run_\w+\S*: (no space is left|the file may not grow)/);
    expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
    expect(exitCode).toBe(1);
    expect((await folder.rowmill(['runs', '--data', 'data'])).stdout).toMatch(
      /internal_error|interrupted/,
    );
    await disk.makeSpace();
    const again = await folder.rowmill([...words, '--resume']);
    expect(again.exitCode, again.stderr).toBe(4);
    expect(await folder.sha256('out.csv')).toBe(expected);
  }, 120_000);

  it('from the first byte of the data folder on is said, and other runs can still be listed', async () => {
    const disk = await smallDisk(folder.at('data'), 4);
    const { exitCode, stderr } = await folder.rowmill([...WORDS, '--data', 'data'], disk);
    expect(stderr).toMatch(/data\/runs/);
    expect(stderr).toMatch(/no space is left|the file may not grow|disk is full/);
    expect(exitCode).toBe(1);
    expect((await folder.rowmill(['runs', '--data', 'data'])).exitCode).toBe(0);
  });

  it('of the failed rows is no success', async () => {
    await mkdir(folder.at('other'));
    const words = [...WORDS, '--failed', 'other/failed.csv'];
    const ended = folder.begin(words, { environment: SLOWLY });
    await until('it has begun', async () => (await folder.runIds()).length > 0);
    await rm(folder.at('other'), { recursive: true });
    const { exitCode, stderr } = await ended.ended;
    expect(stderr).toContain('other/failed.csv');
    expect(exitCode).toBe(1);
    await mkdir(folder.at('other'));
    expect((await folder.rowmill([...words, '--resume'])).exitCode).toBe(4);
    expect(await folder.sha256('out.csv')).toBe(expected);
    expect(existsSync(folder.at('other/failed.csv'))).toBe(true);
  }, 60_000);
});

describe('an output that changes while a run writes it', () => {
  it.each([
    [
      'removed with its folder',
      () => rm(folder.at('out'), { recursive: true }),
      'removed or replaced',
    ],
    [
      'replaced',
      async () => {
        await rename(folder.at('out/out.csv'), folder.at('out/old.csv'));
        await writeFile(folder.at('out/out.csv'), 'mine');
      },
      'removed or replaced',
    ],
    ['cut', () => truncate(folder.at('out/out.csv'), 10), 'was cut to 10 bytes'],
  ])(
    'is noticed when it is %s',
    async (how, change, message) => {
      await mkdir(folder.at('out'));
      const words = ['run', 'chaos/plain', 'in.csv', '-o', 'out/out.csv'];
      const begun = folder.begin(words, { environment: { CHAOS_WORK_US: '100' } });
      await until('there is output', async () => (await bytesOf('out/out.csv')) > 100_000);
      await change();
      const { exitCode, stderr } = await begun.ended;
      expect(stderr).toContain(message);
      expect(stderr).toContain('out/out.csv');
      expect(exitCode).toBe(1);
      if (how === 'replaced') expect(await folder.read('out/out.csv')).toBe('mine');
      // What the user may do is said, and nothing is done to a file that is not ours.
      await mkdir(folder.at('out'), { recursive: true });
      const again = await folder.rowmill([...words, '--resume']);
      expect(again.stderr).toMatch(/start again without --resume|goes on after row|\d+ rows/);
      expect((await folder.rowmill(words)).exitCode).toBe(4);
      expect(await folder.sha256('out/out.csv')).toBe(expected);
    },
    60_000,
  );
});

describe('between a kill and a resume', () => {
  beforeEach(async () => {
    const begun = folder.begin(WORDS, { environment: SLOWLY });
    await hasCheckpoint(begun);
    begun.child.kill('SIGKILL');
    await begun.ended;
  });

  it.each([
    [
      'an input that is longer',
      () => appendFile(folder.at('in.csv'), '1,a,b\n'),
      /had \d+ bytes and has \d+ now/,
    ],
    [
      'an input that is shorter',
      () => truncate(folder.at('in.csv'), INPUT.length >> 1),
      /had \d+ bytes and has \d+ now/,
    ],
    [
      'another input of the same length',
      () => overwrite(100, false),
      /first 64 KiB are not the same/,
    ],
    [
      'another input of the same length and time',
      () => overwrite(100, true),
      /first 64 KiB are not the same/,
    ],
    [
      'an input changed before the checkpoint',
      () => overwriteBeforeCheckpoint(),
      /the 64 KiB before byte \d+ are not the same/,
    ],
    [
      'an input that was touched',
      () => utimes(folder.at('in.csv'), new Date(), new Date(0)),
      /changed at 1970/,
    ],
    ['an input that is gone', () => rm(folder.at('in.csv')), /there is no such file/],
  ])('%s is refused, with what differs', async (_, change, message) => {
    const before = await folder.read('out.csv');
    await change();
    const { exitCode, stderr } = await folder.rowmill([...WORDS, '--resume']);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('in.csv');
    expect(exitCode).toBe(6);
    expect(await folder.read('out.csv')).toBe(before);
    // Put back, it goes on as if nothing had been.
    const times = await recordedTime();
    await folder.write('in.csv', INPUT);
    await utimes(folder.at('in.csv'), times, times);
    expect((await folder.rowmill([...WORDS, '--resume'])).exitCode).toBe(4);
    expect(await folder.sha256('out.csv')).toBe(expected);
  });

  it.each([
    [
      'cut',
      () => truncate(folder.at('out.csv'), 1000),
      /has 1000 bytes, but the run had written \d+/,
    ],
    ['gone', () => rm(folder.at('out.csv')), /is gone, but the run had written \d+ bytes/],
    [
      'replaced by a longer one',
      () => folder.write('out.csv', 'x'.repeat(9_000_000)),
      /is not what the run had written/,
    ],
  ])('an output that is %s is refused and left alone', async (_, change, message) => {
    await change();
    const before = existsSync(folder.at('out.csv')) ? await folder.read('out.csv') : undefined;
    const { exitCode, stderr } = await folder.rowmill([...WORDS, '--resume']);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
    const after = existsSync(folder.at('out.csv')) ? await folder.read('out.csv') : undefined;
    expect(after).toBe(before);
  });

  it('rowmill runs says that it was interrupted, how far it is, and how to go on', async () => {
    const { stdout } = await folder.rowmill(['runs']);
    expect(stdout).toContain('interrupted');
    const [runId = ''] = await folder.runIds();
    const shown = await folder.rowmill(['runs', 'show', runId]);
    expect(shown.stdout).toContain('interrupted');
    expect(shown.stderr).toContain(`rowmill resume ${runId}`);
  });

  it('a broken folder beside it does no harm', async () => {
    await mkdir(folder.at('.rowmill/runs/run_broken'));
    await folder.write('.rowmill/runs/run_broken/run.db', 'no database');
    await folder.write('.rowmill/runs/run_broken/run.json', '{}');
    expect((await folder.rowmill(['runs'])).stdout).toContain('interrupted');
    expect((await folder.rowmill([...WORDS, '--resume'])).exitCode).toBe(4);
    expect(await folder.sha256('out.csv')).toBe(expected);
  });
});

it.each([
  ['before its first row is stored', ''],
  ['with a database that cannot be read', 'this is no database, whatever its name may say'],
])('a run that was killed %s keeps no other from its output', async (_, database) => {
  expect((await folder.rowmill(WORDS)).exitCode).toBe(4);
  const [runId = ''] = await folder.runIds();
  await rm(folder.at(`.rowmill/runs/${runId}/run.db`));
  await rm(folder.at(`.rowmill/runs/${runId}/run.db-wal`), { force: true });
  await folder.write(`.rowmill/runs/${runId}/run.db`, database);
  const again = await folder.rowmill(WORDS);
  expect(again.exitCode, again.stderr).toBe(4);
  expect(await folder.sha256('out.csv')).toBe(expected);
});

describe('a finished run', () => {
  beforeEach(async () => {
    expect((await folder.rowmill(WORDS)).exitCode).toBe(4);
  });

  it('is done when it is resumed, also when its input has been put away', async () => {
    const before = await stat(folder.at('out.csv'));
    expect((await folder.rowmill([...WORDS, '--resume'])).exitCode).toBe(4);
    await rm(folder.at('in.csv'));
    const again = await folder.rowmill([...WORDS, '--resume']);
    expect(again.exitCode, again.stderr).toBe(4);
    expect(again.stderr).toContain('finished already');
    expect((await stat(folder.at('out.csv'))).mtimeMs).toBe(before.mtimeMs);
  });

  it.each([
    [
      'input is another by now',
      () => folder.write('in.csv', table(100)),
      /bytes and has \d+ now/,
      6,
    ],
    ['output is gone', () => rm(folder.at('out.csv')), /is gone, but the run had written/, 2],
    ['output is another', () => folder.write('out.csv', INPUT), /cut or replaced|not the same/, 2],
  ])('does not pass for done when its %s', async (_, change, message, exitCode) => {
    await change();
    const again = await folder.rowmill([...WORDS, '--resume']);
    expect(again.stderr).toMatch(message);
    expect(again.stderr).toContain('start again without --resume');
    expect(again.exitCode).toBe(exitCode);
  });
});

it('an input that is cut while it is read ends the run, and loses nothing in silence', async () => {
  const begun = folder.begin(WORDS, { environment: SLOWLY });
  await until('there is output', async () => (await bytesOf('out.csv')) > 100_000);
  await truncate(folder.at('in.csv'), 1_000_000);
  const { exitCode, stderr } = await begun.ended;
  expect(stderr).toMatch(/in\.csv was cut while it was read/);
  expect(exitCode).toBe(1);
}, 60_000);

it('an input that grows while it is read is read to where it ended, and that is said', async () => {
  const begun = folder.begin(WORDS, { environment: SLOWLY });
  await until('there is output', async () => (await bytesOf('out.csv')) > 100_000);
  // Half a row: whoever writes it has not ended.
  await appendFile(folder.at('in.csv'), '30001,half');
  const { exitCode, stderr } = await begun.ended;
  expect(stderr).toMatch(/in\.csv has grown since it was opened/);
  expect(exitCode).toBe(4);
  expect(await folder.sha256('out.csv')).toBe(expected);
}, 60_000);

describe('two processes', () => {
  it('on one run: the second is told that it is busy', async () => {
    const begun = await beginHeld();
    const [runId = ''] = await folder.runIds();
    for (const words of [
      [...WORDS, '--resume'],
      ['resume', runId],
    ]) {
      const { exitCode, stderr } = await folder.rowmill(words);
      expect(stderr).toContain(`run ${runId} is being carried out by another process`);
      expect(exitCode).toBe(2);
    }
    const { stdout } = await folder.rowmill(['runs']);
    expect(stdout).toContain('executing');
    expect(stdout).not.toContain('interrupted');
    const shown = await folder.json(['runs', 'show', runId]);
    expect(shown).toMatchObject({ status: 'executing', is_interrupted: false });
    expect(Number(shown['succeeded'])).toBeGreaterThan(0);
    await rm(folder.at('held'));
    expect((await begun.ended).exitCode).toBe(4);
    expect(await folder.sha256('out.csv')).toBe(expected);
  }, 60_000);

  it('begun at one instant on one output: one writes it, the other is told which', async () => {
    await mkdir(folder.at('elsewhere'));
    await symlink('../out.csv', folder.at('elsewhere/link.csv'));
    const other = [...WORDS.slice(0, -1), 'elsewhere/link.csv', '--data', 'elsewhere/data'];
    const environment = { CHAOS_WORK_US: '40' };
    const both = [folder.begin(WORDS, { environment }), folder.begin(other, { environment })];
    const ended = await Promise.all(both.map((begun) => begun.ended));
    const refused = ended.find(({ exitCode }) => exitCode === 2);
    expect(new Set(ended.map(({ exitCode }) => exitCode))).toEqual(new Set([2, 4]));
    expect(refused?.stderr).toMatch(/(out|link)\.csv is being written by run run_\w+ \(.*\)/);
    expect(await folder.sha256('out.csv')).toBe(expected);
    // The one that was refused is not kept.
    const kept = await Promise.all(
      ['.rowmill', 'elsewhere/data'].map((data) => folder.rowmill(['runs', '--data', data])),
    );
    expect(
      kept
        .map(({ stdout }) => stdout)
        .join('')
        .match(/run_\w+/g),
    ).toHaveLength(1);
  }, 60_000);

  it('on one output: the second is told who writes it', async () => {
    const begun = await beginHeld();
    await link(folder.at('out.csv'), folder.at('hard.csv'));
    for (const name of ['out.csv', './/out.csv', 'hard.csv']) {
      const { exitCode, stderr } = await folder.rowmill([...WORDS.slice(0, -1), name]);
      expect(stderr).toMatch(/(out|hard)\.csv is being written by run run_\w+/);
      expect(exitCode).toBe(2);
    }
    await rm(folder.at('held'));
    expect((await begun.ended).exitCode).toBe(4);
    expect(await folder.sha256('out.csv')).toBe(expected);
  }, 60_000);
});

it('a run whose output another has written since is not gone on with, though the bytes are the same', async () => {
  const first = await folder.rowmill([...WORDS, '--canary', '20']);
  expect(first.exitCode, first.stderr).toBe(0);
  const [runId = ''] = await folder.runIds();
  await link(folder.at('out.csv'), folder.at('hard.csv'));
  await folder.rowmill([...WORDS.slice(0, -1), 'hard.csv']);
  const otherId = (await folder.runIds()).find((id) => id !== runId) ?? '';
  for (const words of [
    ['resume', runId],
    [...WORDS, '--resume'],
  ]) {
    const { exitCode, stderr } = await folder.rowmill(words);
    expect(stderr).toContain(`out.csv has been written by run ${otherId} since`);
    expect(exitCode).toBe(2);
  }
  expect(await folder.sha256('out.csv')).toBe(expected);
}, 60_000);

it('changed code is refused, unless it is accepted', async () => {
  await folder.write('task.ts', taskText(1));
  const words = ['run', 'own/task', 'in.csv', '-o', 'out.csv', '--tasks', 'task.ts'];
  const begun = folder.begin(words, { environment: SLOWLY });
  await hasCheckpoint(begun);
  begun.child.kill('SIGKILL');
  await begun.ended;
  await folder.write('task.ts', taskText(2));
  const { exitCode, stderr } = await folder.rowmill([...words, '--resume']);
  expect(stderr).toContain('--accept-new-code');
  expect(exitCode).toBe(2);
  const accepted = await folder.rowmill([...words, '--resume', '--accept-new-code']);
  // Rows of another width fail; all others are in the output, by the old code or the new.
  expect(accepted.exitCode, accepted.stderr).toBe(4);
}, 60_000);

function taskText(version: number): string {
  return `import { defineTask, write } from 'rowmill';
export const task = defineTask({ category: 'own', action: 'task', description: 'For tests',
  columns: 'any', output: ['version'],
  row() { const end = performance.now() + ${version === 1 ? 0.05 : 0}; while (performance.now() < end); return write({ version: ${version} }); } });
`;
}

/** A run with a checkpoint that does not end as long as there is the file `held`. */
async function beginHeld(): Promise<Begun> {
  await folder.write('held', '');
  const begun = folder.begin(WORDS, { environment: { CHAOS_HELD_BY: folder.at('held') } });
  await hasCheckpoint(begun, 0);
  return begun;
}

async function hasCheckpoint(begun: Begun, rows = 5_000): Promise<void> {
  await until('there is a checkpoint', async () => {
    if (begun.isOver()) throw new Error(`it ended too early: ${begun.stderr()}`);
    const [run] = await folder.store().list();
    return run !== undefined && run.state.succeeded + run.state.failed > rows;
  });
}

async function bytesOf(name: string): Promise<number> {
  return existsSync(folder.at(name)) ? (await stat(folder.at(name))).size : 0;
}

async function recordedTime(): Promise<number> {
  const [runId = ''] = await folder.runIds();
  const record = JSON.parse(await folder.read(`.rowmill/runs/${runId}/run.json`)) as {
    inputIdentity: { modifiedMs: number };
  };
  return record.inputIdentity.modifiedMs / 1000;
}

/** Changes a byte in place; with `keepsTime` only the hash can tell. */
async function overwrite(at: number, keepsTime: boolean): Promise<void> {
  const bytes = Buffer.from(INPUT);
  bytes[at] = bytes[at] === 65 ? 66 : 65;
  await folder.write('in.csv', bytes);
  if (keepsTime) {
    const time = await recordedTime();
    await utimes(folder.at('in.csv'), time, time);
  }
}

async function overwriteBeforeCheckpoint(): Promise<void> {
  const [runId = ''] = await folder.runIds();
  const held = await folder.store().hold(runId);
  const byte = held.checkpoint?.position.byte ?? 0;
  await held.release();
  expect(byte).toBeGreaterThan(140_000);
  await overwrite(byte - 1000, true);
}
