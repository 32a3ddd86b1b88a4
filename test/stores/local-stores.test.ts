import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StoredCheckpoint } from '../../src/engine/ports/run-store.ts';
import type { RunRecord } from '../../src/engine/run/run-record.ts';
import type { JsonValue } from '../../src/engine/task/json-value.ts';
import { taskStorage } from '../../src/engine/task/run-resources.ts';
import { LocalRunStore } from '../../src/stores/local/local-run-store.ts';
import { LocalTaskStorage } from '../../src/stores/local/local-task-storage.ts';
import { ProcessLock } from '../../src/stores/local/process-lock.ts';
import { RunDatabase } from '../../src/stores/local/run-database.ts';
import { systemClock } from '../../src/system/system-clock.ts';
import { v8StateCodec } from '../../src/system/v8-state-codec.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-stores-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const CHECKPOINT: StoredCheckpoint = {
  position: { byte: 9_000_000_000, number: 12, line: 14 },
  outputBytes: 5_000_000_000,
  errorsBytes: 77,
  succeeded: 10,
  failed: 1,
  causes: [
    { column: 'n', code: 'c', message: 'm', count: 1, firstRow: 3, exampleValue: undefined },
  ],
  state: new Uint8Array([0, 1, 255]),
  elapsedMs: 1234,
  tailSha256: 'tail',
  outputTailSha256: undefined,
};

function recordOf(runId: string, createdAtMs = 1): RunRecord {
  // The store keeps a record as it is and looks at two fields of it.
  return { formatVersion: 1, runId, task: 'a/b', createdAtMs } as RunRecord;
}

describe('the database of a run', () => {
  it('gives back a checkpoint as it was, beyond 4 GiB too', () => {
    const database = new RunDatabase(at('run.db'));
    database.begin('pending', undefined);
    expect(database.checkpoint()).toBeUndefined();
    database.saveCheckpoint(CHECKPOINT);
    expect(database.checkpoint()).toEqual({
      ...CHECKPOINT,
      causes: [{ column: 'n', code: 'c', message: 'm', count: 1, firstRow: 3 }],
    });
    database.saveCheckpoint({ ...CHECKPOINT, state: undefined, succeeded: 11 });
    expect(database.checkpoint()).toMatchObject({ state: undefined, succeeded: 11 });
    database.close();
  });

  it('keeps status and checkpoint in one commit', () => {
    const database = new RunDatabase(at('run.db'));
    database.begin('executing', 5);
    database.setStatus('partial', { message: 'm', checkpoint: CHECKPOINT, finishedAtMs: 9 });
    expect(database.state()).toMatchObject({
      status: 'partial',
      message: 'm',
      startedAtMs: 5,
      finishedAtMs: 9,
      succeeded: 10,
      failed: 1,
    });
    database.close();
  });
});

describe('the lock of a run', () => {
  it('is had by one, and is free when it is let go', () => {
    const lock = ProcessLock.tryTake(at('lock.db'));
    expect(lock).toBeDefined();
    expect(ProcessLock.isTaken(at('lock.db'))).toBe(true);
    expect(ProcessLock.tryTake(at('lock.db'))).toBeUndefined();
    lock?.release();
    expect(ProcessLock.isTaken(at('lock.db'))).toBe(false);
    expect(ProcessLock.isTaken(at('nix.db'))).toBe(false);
  });

  it('is not taken for had by somebody because another looks at it too', () => {
    ProcessLock.tryTake(at('lock.db'))?.release();
    const looks = Array.from({ length: 50 }, () => ProcessLock.isTaken(at('lock.db')));
    expect(looks).not.toContain(true);
  });

  it('ends with its process, however that ends', async () => {
    const libsql = fileURLToPath(new URL('../../node_modules/libsql/index.js', import.meta.url));
    const script = `import Database from ${JSON.stringify(libsql)};
      const database = new Database(${JSON.stringify(at('lock.db'))});
      database.exec('BEGIN EXCLUSIVE');
      process.kill(process.pid, 'SIGKILL');`;
    const ended = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    await expect(ended).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(ProcessLock.isTaken(at('lock.db'))).toBe(false);
    ProcessLock.tryTake(at('lock.db'))?.release();
  });
});

describe('what is asked of a run', () => {
  const store = (): LocalRunStore => new LocalRunStore(at('runs'), systemClock);
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is heard within a second by who holds it, the last word only, and answered by a status', async () => {
    const held = await store().create(recordOf('run_a'));
    await held.setStatus('executing', {});
    const heard: string[] = [];
    held.onAsked((asked) => heard.push(asked));
    await store().ask('run_a', 'stop');
    await store().ask('run_a', 'pause');
    expect((await store().get('run_a')).state.asked).toBe('pause');
    vi.advanceTimersByTime(1_000);
    expect(heard).toEqual(['pause']);
    await store().ask('run_a', 'resume');
    await held.setStatus('paused', {});
    expect((await store().get('run_a')).state.asked).toBe('resume');
    vi.advanceTimersByTime(1_000);
    expect(heard).toEqual(['pause', 'resume']);
    await held.setStatus('executing', {});
    expect((await store().get('run_a')).state.asked).toBeUndefined();
    await held.release();
  });

  it('is nothing to the process that holds it next', async () => {
    const first = await store().create(recordOf('run_a'));
    await first.setStatus('executing', {});
    await store().ask('run_a', 'pause');
    await first.release();
    const second = await store().hold('run_a');
    const heard: string[] = [];
    second.onAsked((asked) => heard.push(asked));
    vi.advanceTimersByTime(1_000);
    expect(heard).toEqual([]);
    await second.setStatus('executing', {});
    expect((await store().get('run_a')).state.asked).toBeUndefined();
    await second.release();
  });
});

describe('the store', () => {
  const store = (): LocalRunStore => new LocalRunStore(at('runs'), systemClock);

  it('has a new run as pending, and as held for as long as it is', async () => {
    const held = await store().create(recordOf('run_a'));
    expect(await store().get('run_a')).toMatchObject({
      isHeld: true,
      state: { status: 'pending' },
    });
    await expect(store().hold('run_a')).rejects.toMatchObject({ code: 'run_busy' });
    await expect(store().delete('run_a')).rejects.toMatchObject({ code: 'run_busy' });
    await held.setStatus('executing', {});
    await held.saveCheckpoint(CHECKPOINT);
    await held.release();
    expect(await store().get('run_a')).toMatchObject({
      isHeld: false,
      state: { status: 'executing', succeeded: 10 },
    });
    const again = await store().hold('run_a');
    expect(again.checkpoint).toMatchObject({ succeeded: 10 });
    const hashes = { inputSha256: undefined, outputSha256: 'aa', hashedAtMs: 7 };
    await again.saveHashes(hashes);
    expect((await store().get('run_a')).state.hashes).toEqual(hashes);
    await again.release();
    await store().delete('run_a');
    expect(await store().list()).toEqual([]);
  });

  it('refuses a status that the table does not have, and a checkpoint behind the end', async () => {
    const held = await store().create(recordOf('run_a'));
    await expect(held.setStatus('success', {})).rejects.toMatchObject({
      code: 'transition_refused',
    });
    await held.setStatus('executing', {});
    await held.setStatus('stopped', { checkpoint: CHECKPOINT });
    await expect(held.saveCheckpoint({ ...CHECKPOINT, succeeded: 99 })).rejects.toThrow(
      'has ended',
    );
    expect(held.checkpoint).toMatchObject({ succeeded: 10 });
    await held.release();
  });

  it.skipIf(process.platform === 'win32')('lets nobody but its owner read a run', async () => {
    const held = await store().create(recordOf('run_a'));
    await held.setStatus('executing', {});
    await new LocalTaskStorage(folder, 'a/b').set('k', 1);
    const modeOf = async (name: string): Promise<string> =>
      ((await stat(at(name))).mode & 0o777).toString(8);
    expect(await modeOf('runs/run_a')).toBe('700');
    for (const name of ['run.json', 'run.db', 'run.db-wal', 'lock.db']) {
      expect([name, await modeOf(`runs/run_a/${name}`)]).toEqual([name, '600']);
    }
    expect(await modeOf('storage.db')).toBe('600');
    await held.release();
  });

  it('lists the newest first, and passes over what it cannot read', async () => {
    for (const [id, time] of [
      ['run_a', 1],
      ['run_b', 3],
      ['run_c', 2],
    ] as const) {
      await (await store().create(recordOf(id, time))).release();
    }
    await mkdir(at('runs/run_empty'));
    await mkdir(at('runs/run_broken'));
    await writeFile(at('runs/run_broken/run.db'), 'this is no database, whatever its name may say');
    await writeFile(at('runs/run_broken/run.json'), '{}');
    await writeFile(at('runs/note.txt'), 'mine');
    expect((await store().list()).map(({ record }) => record.runId)).toEqual([
      'run_b',
      'run_c',
      'run_a',
    ]);
    await expect(store().get('run_broken')).rejects.toThrow('run_broken');
  });

  it('names near ids for one that is not there, and leaves its folder to no path', async () => {
    await (await store().create(recordOf('run_abcdef'))).release();
    await expect(store().get('run_abcdeg')).rejects.toThrow('Did you mean run_abcdef?');
    await expect(store().get('cdef')).rejects.toThrow('Did you mean run_abcdef?');
    await expect(store().get('xyz')).rejects.toThrow('rowmill runs lists those it has');
    await expect(store().get('../runs/run_abcdef')).rejects.toMatchObject({
      code: 'run_not_found',
    });
  });
});

describe('the storage of a task', () => {
  it('keeps JSON values by task and key, for the next process too', async () => {
    const storage = new LocalTaskStorage(folder, 'a/b');
    expect(await storage.get('k')).toBeUndefined();
    await storage.set('k', { list: [1, 'ü', null] });
    await storage.set('k2', 0);
    await new LocalTaskStorage(folder, 'a/c').set('k', 'other');
    const again = new LocalTaskStorage(folder, 'a/b');
    expect(await again.get('k')).toEqual({ list: [1, 'ü', null] });
    await again.delete('k2');
    expect(await storage.get('k2')).toBeUndefined();
    await expect(taskStorage(storage).set('k', undefined)).rejects.toThrow('is no JSON value');
  });

  it('says what is there, changes what is as expected, and forgets what has expired', async () => {
    const storage = new LocalTaskStorage(folder, 'a/b');
    await new LocalTaskStorage(folder, 'a/c').set('seen:z', 1);
    await storage.set('seen:b', { a: 1, b: 2 });
    await storage.set('seen:a', 1);
    await storage.set('other', 1);
    expect(await storage.list('seen:')).toEqual(['seen:a', 'seen:b']);
    expect([await storage.delete('other'), await storage.delete('other')]).toEqual([true, false]);
    const change = (expected: JsonValue | undefined, value: JsonValue) =>
      storage.compareAndSet('seen:b', { expected, value });
    expect(await change(undefined, 3)).toBe(false);
    expect(await change({ b: 2, a: 1 }, 3)).toBe(true);
    expect(await storage.compareAndSet('new', { expected: undefined, value: 1 })).toBe(true);
    await storage.set('seen:a', 1, { ttlSeconds: 0.001 });
    await expect.poll(() => storage.get('seen:a')).toBeUndefined();
    expect(await storage.list('')).toEqual(['new', 'seen:b']);
    await expect(storage.set('k', 1, { ttlSeconds: -1 })).rejects.toThrow('expire in -1 s');
  });

  it('goes on with what a release has kept that knew no expiry', async () => {
    const database = new Database(join(folder, 'storage.db'));
    database.exec(
      'CREATE TABLE storage (task TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (task, key)) STRICT',
    );
    database.prepare('INSERT INTO storage VALUES (?, ?, ?)').run(['a/b', 'k', '7']);
    database.close();
    expect(await new LocalTaskStorage(folder, 'a/b').get('k')).toBe(7);
  });
});

describe('carried state as bytes', () => {
  it('comes back as it was', () => {
    const state = {
      map: new Map<unknown, unknown>([
        ['a', new Set([1, 2])],
        [{ key: 1 }, new Date(5)],
      ]),
      list: [undefined, null, -0, NaN, 10n, /x/gi],
      bytes: new Uint8Array([1, 2]),
      bare: Object.assign(Object.create(null) as object, { x: 1 }),
    };
    expect(v8StateCodec.decode(v8StateCodec.encode(state))).toEqual(state);
  });

  class Account {
    id = 1;
  }
  it.each([
    ['state', new Account(), 'state is an instance of the class Account'],
    ['a property', { user: { account: new Account() } }, 'state.user.account is an instance'],
    ['a list', { users: [1, new Account()] }, 'state.users[1] is an instance'],
    ['a value of a Map', new Map([['k', new Account()]]), 'state.get("k") is an instance'],
    ['a key of a Map', new Map([[new Account(), 1]]), 'state key 0 is an instance'],
    ['a Set', { seen: new Set([new Account()]) }, 'state.seen item 0 is an instance'],
    ['a function', { call: () => 1 }, 'state.call is a function'],
    ['a symbol', [Symbol('x')], 'state[0] is a symbol'],
    ['an error', { last: new TypeError('x') }, 'state.last is an instance of the class TypeError'],
  ])('is refused with the path where a class would be lost: %s', (_, state, message) => {
    expect(() => v8StateCodec.encode(state)).toThrow(message);
  });

  it('is refused where it cannot be stored at all', () => {
    expect(() => v8StateCodec.encode({ later: Promise.resolve(1) })).toThrow('state.later');
  });
});
