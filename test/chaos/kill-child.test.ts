import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StoredRun } from '../../src/engine/run/run-record.ts';
import { ChaosFolder, pause, prepareBuild, randomOf, table, until } from './chaos-folder.ts';

/** Kills of each kind: a small share of CI, more in the long form. */
const KILLS = Math.ceil(Number(process.env['CHAOS_KILLS'] ?? '20') / 5);
const SEED = Number(process.env['CHAOS_SEED'] ?? '7');

interface Case {
  readonly name: string;
  readonly task: string;
  readonly rows: number;
  /** What begins the run that is killed. */
  readonly words: (runId: string) => readonly string[];
  readonly workUs: string;
  readonly exitCode: number;
}

const CASES: readonly Case[] = [
  {
    name: 'a run that does failed rows again',
    task: 'chaos/plain',
    rows: 30_000,
    // Rows that fail once more, and some that were fixed.
    words: (runId) => ['runs', 'retry', runId, 'fixed.csv', '-o', 'child.csv'],
    workUs: '1500',
    exitCode: 4,
  },
  {
    name: 'a run that undoes another one',
    task: 'chaos/undone',
    rows: 30_000,
    words: (runId) => ['runs', 'revert', runId, '--yes', '-o', 'child.csv'],
    workUs: '80',
    exitCode: 4,
  },
];

const folders: ChaosFolder[] = [];
beforeAll(prepareBuild, 120_000);
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => folder.remove()));
});

describe('kill -9 at random moments changes nothing of', () => {
  it.each(CASES)('$name', { timeout: 120_000 + KILLS * 10_000 }, async (which) => {
    const random = randomOf(SEED);
    const undisturbed = await prepared(which);
    const { exitCode, stderr } = await undisturbed.folder.rowmill(which.words(undisturbed.runId));
    expect(exitCode, stderr).toBe(which.exitCode);
    const expected = await facts(undisturbed);
    const killed = await prepared(which);
    let kills = 0;
    let behindCheckpoint = 0;
    for (let tries = 0; kills < KILLS; tries += 1) {
      expect(tries, 'runs end before they can be killed').toBeLessThan(KILLS + 10);
      const child = await childOf(killed);
      const done = child?.state.position?.number ?? 0;
      const isBegun = isUnfinished(child);
      const words = isBegun ? ['resume', child.record.runId] : which.words(killed.runId);
      if (child !== undefined && !isBegun) break;
      const begun = killed.folder.begin(words, { environment: { CHAOS_WORK_US: which.workUs } });
      // Every other one is killed anywhere, even before it is stored; the others behind a checkpoint.
      if (kills % 2 === 0) {
        await until('it has a further checkpoint', async () => {
          const now = (await childOf(killed))?.state.position?.number ?? 0;
          return begun.isOver() || now > done;
        });
      }
      await pause(random() * 400);
      begun.child.kill('SIGKILL');
      if ((await begun.ended).signal !== 'SIGKILL') break;
      kills += 1;
      if (((await childOf(killed))?.state.position?.number ?? 0) > 0) behindCheckpoint += 1;
    }
    expect(behindCheckpoint).toBeGreaterThan(0);
    const child = await childOf(killed);
    if (isUnfinished(child)) {
      const ended = await killed.folder.rowmill(['resume', child.record.runId]);
      expect(ended.exitCode, ended.stderr).toBe(which.exitCode);
    }
    expect(await facts(killed)).toEqual(expected);
  });
});

/** A kill may come as soon as it is stored. */
function isUnfinished(child: StoredRun | undefined): child is StoredRun {
  return child?.state.status === 'executing' || child?.state.status === 'pending';
}

interface Prepared {
  readonly folder: ChaosFolder;
  readonly runId: string;
  readonly which: Case;
}

/** A folder with a run that has ended, and a file of its failed rows with some of them fixed. */
async function prepared(which: Case): Promise<Prepared> {
  const folder = await ChaosFolder.make();
  folders.push(folder);
  await folder.write('in.csv', table(which.rows));
  const words = ['run', which.task, 'in.csv', '-o', 'out.csv', '--failed', 'failed.csv'];
  const { run_id: runId } = await folder.json(words);
  const failed = await folder.read('failed.csv');
  await folder.write('fixed.csv', failed.replaceAll(/^x(\d+),/gm, '$1,'));
  return { folder, runId: String(runId), which };
}

/** The run that was begun for another one, once it is stored. */
async function childOf({ folder, runId }: Prepared): Promise<StoredRun | undefined> {
  const runs = await folder.store().list();
  return runs.find(({ record }) => record.parent?.runId === runId);
}

/** All that must be the same. */
async function facts(prepared: Prepared): Promise<Record<string, unknown>> {
  const { folder, runId } = prepared;
  const child = await childOf(prepared);
  const merges = child?.record.parent?.kind === 'retry';
  if (merges) await folder.rowmill(['runs', 'save', runId, '--merged', 'merged.csv']);
  return {
    status: child?.state.status,
    tally: [child?.state.succeeded, child?.state.failed, child?.state.causes],
    output: await folder.sha256('child.csv'),
    errors: await folder.sha256(`.rowmill/runs/${child?.record.runId}/errors.csv`),
    merged: merges ? await folder.sha256('merged.csv') : undefined,
  };
}
