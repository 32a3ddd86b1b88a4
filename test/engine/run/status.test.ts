import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  finalStatus,
  isFinal,
  RUN_STATUSES,
  StatusTransitionError,
  transitionReason,
  type RunStatus,
} from '../../../src/engine/run/status.ts';

/** The table as it was decided, edge by edge: a change of one must be a change of the other. */
const EDGES: readonly (readonly [RunStatus, readonly RunStatus[]])[] = [
  ['pending', ['executing', 'stopped', 'dropped_dup', 'internal_error']],
  [
    'executing',
    ['executing', 'success', 'partial', 'failure', 'paused', 'stopped', 'internal_error'],
  ],
  ['paused', ['executing', 'stopped']],
  ['stopped', ['executing']],
  ['internal_error', ['executing']],
  ['success', []],
  ['failure', []],
  ['partial', []],
  ['dropped_dup', []],
];

describe('the transition table', () => {
  it.each(EDGES)('from %s a run may become %j and nothing else', (from, allowed) => {
    for (const to of RUN_STATUSES) {
      const reason = transitionReason(from, to);
      if (allowed.includes(to)) expect(reason).toMatch(/\w+ \w+/);
      else expect(reason).toBeUndefined();
    }
  });

  it('names every status', () => {
    expect(EDGES.map(([from]) => from).sort()).toEqual([...RUN_STATUSES].sort());
  });

  it('lets every run end: from each status a final one can be reached', () => {
    const reaches = (from: RunStatus, seen: ReadonlySet<RunStatus> = new Set()): boolean =>
      isFinal(from) ||
      RUN_STATUSES.some(
        (to) =>
          transitionReason(from, to) !== undefined &&
          !seen.has(to) &&
          reaches(to, new Set([...seen, from])),
      );
    for (const status of RUN_STATUSES) expect(reaches(status)).toBe(true);
  });

  it('has no edge back to pending', () => {
    for (const from of RUN_STATUSES) expect(transitionReason(from, 'pending')).toBeUndefined();
  });

  it('says in the refusal what would be allowed', () => {
    expect(new StatusTransitionError('run_1', 'paused', 'success').message).toBe(
      'run run_1 is paused and cannot become success (from paused it may become executing, stopped)',
    );
    expect(new StatusTransitionError('run_1', 'success', 'executing').message).toContain(
      'it is final',
    );
  });
});

describe('the status of a run whose rows are done', () => {
  it('is success without failures, failure without successes, partial with both', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (succeeded, failed) => {
        const status = finalStatus({ succeeded, failed });
        expect(status === 'success').toBe(failed === 0);
        expect(status === 'failure').toBe(failed > 0 && succeeded === 0);
        expect(status === 'partial').toBe(failed > 0 && succeeded > 0);
      }),
    );
  });

  it('is success for zero rows', () => {
    expect(finalStatus({ succeeded: 0, failed: 0 })).toBe('success');
  });
});
