import { describe, expect, it } from 'vitest';
import { RowmillError } from '../../../src/engine/errors.ts';
import { Retention, type RetentionRules } from '../../../src/engine/hosting/retention.ts';
import type {
  HostedRun,
  HostedRunStore,
  RunPageRequest,
} from '../../../src/engine/ports/hosted-run-store.ts';
import type { RunStatus } from '../../../src/engine/run/status.ts';

/** A run: when it ended, what it came from. A number is an hour. */
interface Told {
  readonly ended?: number;
  readonly status?: RunStatus;
  readonly parent?: string;
  readonly root?: string;
  readonly isAcknowledged?: boolean;
  /** Whether this server has its files. */
  readonly isHere?: boolean;
}

const HOUR = 60 * 60 * 1_000;
const NOW = 100 * HOUR;

/** Runs by name, in the order in which they were made. */
function retentionOf(runs: Readonly<Record<string, Told>>, rules: Partial<RetentionRules>) {
  const removed: string[] = [];
  const stored = Object.entries(runs).map(([runId, told], index) => {
    const { parent, root = parent, ended, status = 'success' } = told;
    const { isAcknowledged = false, isHere = true } = told;
    // Retention looks at these of a run.
    return {
      record: {
        runId,
        createdAtMs: index,
        input: { kind: 'file', path: `/runs/${runId}/input.csv` },
        ...(parent === undefined ? {} : { parent: { runId: parent, rootId: root } }),
      },
      state: { status, finishedAtMs: (ended ?? 0) * HOUR },
      facts: { acknowledgedAtMs: isAcknowledged ? 1 : undefined },
      isHeld: false,
      isHere,
      folder: `/runs/${runId}`,
    } as unknown as HostedRun;
  });
  const page = async ({ status = [] }: RunPageRequest) => ({
    runs: stored.filter((run) => status.includes(run.state.status)).reverse(),
    hasMore: false,
  });
  const retention = new Retention(
    {
      store: { page } as unknown as HostedRunStore,
      control: {
        delete: async (runId) => {
          const child = stored.find(
            ({ record }) => record.parent?.runId === runId && !removed.includes(record.runId),
          );
          if (child !== undefined) throw new RowmillError('run_has_children', runId);
          removed.push(runId);
        },
      },
      bytesOf: async () => 10,
      clock: { now: () => NOW },
      onRemoved: async () => undefined,
      onError: (error) => {
        throw error;
      },
    },
    { keptMs: undefined, maxBytes: undefined, untilAcknowledged: false, ...rules },
  );
  return { retention, removed };
}

async function swept(
  runs: Readonly<Record<string, Told>>,
  rules: Partial<RetentionRules>,
): Promise<string> {
  const { retention, removed } = retentionOf(runs, rules);
  const preview = await retention.preview();
  const swept = await retention.sweep(new AbortController().signal);
  expect(preview.map(({ run }) => run.record.runId)).toEqual(removed);
  expect(swept).toEqual({ removed: removed.length, bytes: 10 * removed.length });
  return removed.join(' ');
}

const FAMILY = {
  alone: { ended: 20 },
  first: { ended: 10 },
  second: { ended: 30, parent: 'first' },
  third: { ended: 40, parent: 'second', root: 'first' },
  late: { ended: 95 },
};

describe('runs that were kept long enough', () => {
  it('go with those that came from them, the children first, when the last has been kept so long', async () => {
    expect(await swept(FAMILY, { keptMs: 75 * HOUR })).toBe('alone');
    expect(await swept(FAMILY, { keptMs: 65 * HOUR })).toBe('alone');
    expect(await swept(FAMILY, { keptMs: 55 * HOUR })).toBe('alone third second first');
  });

  it('go as a family to make room, the one that ended first before the others', async () => {
    expect(await swept(FAMILY, { maxBytes: 50 })).toBe('');
    expect(await swept(FAMILY, { maxBytes: 49 })).toBe('alone');
    expect(await swept(FAMILY, { maxBytes: 39 })).toBe('alone third second first');
    expect(await swept(FAMILY, { maxBytes: 9 })).toBe('alone third second first late');
  });

  it('stay while one of their family is at work, or was not acknowledged', async () => {
    for (const status of ['pending', 'executing', 'paused'] as const) {
      const runs = { ...FAMILY, third: { ...FAMILY.third, status } };
      expect(await swept(runs, { keptMs: 1 })).toBe('alone late');
    }
    const seen = Object.fromEntries(
      Object.entries(FAMILY).map(([name, told]) => [name, { ...told, isAcknowledged: true }]),
    );
    const rules = { keptMs: 1, untilAcknowledged: true };
    expect(await swept({ ...seen, second: FAMILY.second }, rules)).toBe('alone late');
    expect(await swept(seen, rules)).toBe('alone third second first late');
  });

  it('stay where another server has their files', async () => {
    const runs = { ...FAMILY, alone: { ...FAMILY.alone, isHere: false } };
    expect(await swept(runs, { keptMs: 55 * HOUR })).toBe('third second first');
    expect(await swept(runs, { maxBytes: 0 })).toBe('third second first late');
  });
});
