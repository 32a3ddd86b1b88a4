import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  ChaosFolder,
  pause,
  prepareBuild,
  randomOf,
  table,
  until,
  type Begun,
} from './chaos-folder.ts';

/** Kills in all: 20 in a share of CI, 200 in the long form. */
const KILLS = Number(process.env['CHAOS_KILLS'] ?? '20');
const SEED = Number(process.env['CHAOS_SEED'] ?? '7');

interface Case {
  readonly name: string;
  readonly task: string;
  /** Rows of the input; undefined where the task reads none. */
  readonly rows: number | undefined;
  /** Microseconds a row takes, so that kills land within the rows. */
  readonly workUs: string;
  /** The input is piped in, at each start anew. */
  readonly isPiped?: boolean;
  readonly threads?: number;
}

const CASES: readonly Case[] = [
  { name: 'a plain CSV run', task: 'chaos/plain', rows: 60_000, workUs: '40' },
  { name: 'a run in threads', task: 'chaos/plain', rows: 60_000, workUs: '60', threads: 2 },
  { name: 'a run with carried state', task: 'chaos/carried', rows: 60_000, workUs: '40' },
  { name: 'a concurrent run', task: 'chaos/concurrent', rows: 12_000, workUs: '0' },
  { name: 'a noinput run', task: 'chaos/steps', rows: undefined, workUs: '20' },
  {
    name: 'a run of standard input',
    task: 'chaos/plain',
    rows: 60_000,
    workUs: '40',
    isPiped: true,
  },
];

const folders: ChaosFolder[] = [];
beforeAll(prepareBuild, 120_000);
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => folder.remove()));
});

/** When a process is killed. Each kind is used in turn. */
const PHASES = ['early', 'checkpointed', 'resuming', 'late', 'random'] as const;
type Phase = (typeof PHASES)[number];

/** A kill that came before the end of the run. */
interface Kill {
  readonly phase: Phase;
  /** Rows behind the checkpoint that it left. */
  readonly done: number;
}

describe('kill -9 at random moments changes nothing of', () => {
  const share = Math.ceil(KILLS / CASES.length);
  it.each(CASES)('$name', { timeout: 60_000 + share * 10_000 }, async (which) => {
    const random = randomOf(SEED + CASES.indexOf(which));
    const undisturbed = await finished(await prepared(which), which);
    const kills: Kill[] = [];
    for (let round = 0; kills.length < share; round += 1) {
      expect(round, 'runs end before they can be killed').toBeLessThan(share + 10);
      const folder = await prepared(which);
      kills.push(
        ...(await kill(folder, which, { random, most: share - kills.length, undisturbed })),
      );
      expect(await finished(folder, which)).toEqual(undisturbed);
    }
    expect(kills).toHaveLength(share);
    // At all phases: before the first checkpoint, and behind one.
    expect(kills.some(({ done }) => done === 0)).toBe(true);
    expect(kills.some(({ done }) => done > 0)).toBe(true);
    // Looked at by whoever runs the long form.
    if (KILLS > 20)
      console.log(
        `${which.name}: ${kills.map(({ phase, done }) => `${phase} ${done}`).join(', ')}`,
      );
  });
});

/** Begins a run again and again and kills it, until it ended before its kill or was killed enough. */
async function kill(
  folder: ChaosFolder,
  which: Case,
  {
    random,
    most,
    undisturbed,
  }: { random: () => number; most: number; undisturbed: { readonly outputBytes: number } },
): Promise<Kill[]> {
  const kills: Kill[] = [];
  const store = folder.store();
  while (kills.length < Math.min(most, PHASES.length)) {
    const phase = PHASES[kills.length] as Phase;
    const done = async (): Promise<number> => {
      const [run] = await store.list();
      return run === undefined ? 0 : run.state.succeeded + run.state.failed;
    };
    const before = await done();
    const begun = await begin(folder, which);
    await moment(phase, begun, {
      folder,
      random,
      outputBytes: undisturbed.outputBytes,
      hasGoneOn: async () => (await done()) > before,
    });
    begun.child.kill('SIGKILL');
    const { signal, exitCode, stderr } = await begun.ended;
    if (signal !== 'SIGKILL') {
      expect(exitCode, stderr).toBeLessThanOrEqual(4);
      break;
    }
    const [run] = await store.list();
    // Before it was stored there is nothing to go on with, and nothing to see.
    const status = run?.state.status ?? 'pending';
    // It came between the status and the end of the process: there is nothing to go on with either.
    if (status !== 'executing' && status !== 'pending') break;
    kills.push({ phase, done: await done() });
  }
  return kills;
}

/** Waits for the moment at which a process is to be killed, or for its end. */
async function moment(
  phase: Phase,
  begun: Begun,
  {
    folder,
    random,
    outputBytes,
    hasGoneOn,
  }: {
    readonly folder: ChaosFolder;
    readonly random: () => number;
    readonly outputBytes: number;
    readonly hasGoneOn: () => Promise<boolean>;
  },
): Promise<void> {
  switch (phase) {
    case 'early':
      await until(
        'it has a folder',
        async () => begun.isOver() || (await folder.runIds()).length > 0,
      );
      return pause(random() * 60);
    case 'resuming':
      return pause(random() * 500);
    case 'checkpointed':
      await until('it has a further checkpoint', async () => begun.isOver() || (await hasGoneOn()));
      return pause(random() * 600);
    case 'random':
      await until('it has begun', () => begun.isOver() || begun.stderr().includes('"started"'));
      return pause(random() * 1500);
    case 'late':
      await until(
        'it is nearly done',
        () => begun.isOver() || bytesOf(folder.at('out.csv')) >= outputBytes,
      );
      return pause(random() * 15);
  }
}

async function prepared(which: Case): Promise<ChaosFolder> {
  const folder = await ChaosFolder.make();
  folders.push(folder);
  if (which.rows !== undefined) await folder.write('in.csv', table(which.rows));
  return folder;
}

const FILES = ['-o', 'out.csv', '--errors', 'errors.csv', '--failed', 'failed.csv'];

/** Begins the run, or goes on with it where there is one. */
async function begin(folder: ChaosFolder, which: Case): Promise<Begun> {
  const { task, rows, isPiped = false } = which;
  const files = rows === undefined ? FILES.slice(0, 4) : FILES;
  const stdin = isPiped ? folder.at('in.csv') : undefined;
  const report = ['--progress', 'json', '--json'];
  const threads = which.threads === undefined ? [] : ['--threads', String(which.threads)];
  const environment = { CHAOS_WORK_US: which.workUs };
  const input = rows === undefined ? [] : [isPiped ? '-' : 'in.csv'];
  if (!isPiped)
    return folder.begin(['run', task, ...input, ...files, '--resume', ...threads, ...report], {
      environment,
    });
  const store = folder.store();
  const [run] = await store.list();
  return run === undefined
    ? folder.begin(['run', task, ...input, ...files, ...report], { stdin, environment })
    : folder.begin(['resume', run.record.runId, ...report], { stdin, environment });
}

/** Lets a run end and gives all that must be the same. */
async function finished(
  folder: ChaosFolder,
  which: Case,
): Promise<Record<string, unknown> & { outputBytes: number }> {
  const { exitCode, stdout, stderr } = await (await begin(folder, which)).ended;
  expect(exitCode, stderr).toBe(4);
  const { status, succeeded, failed, causes } = JSON.parse(stdout) as Record<string, unknown>;
  const store = folder.store();
  const [run] = await store.list();
  return {
    result: { status, succeeded, failed, causes },
    stored: [run?.state.status, run?.state.succeeded, run?.state.failed, run?.state.causes],
    outputBytes: bytesOf(folder.at('out.csv')),
    output: await folder.sha256('out.csv'),
    report: await folder.sha256('errors.csv'),
    failed: which.rows === undefined ? undefined : await folder.sha256('failed.csv'),
    errors: await folder.sha256(join('.rowmill/runs', run?.record.runId ?? '', 'errors.csv')),
  };
}

function bytesOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}
