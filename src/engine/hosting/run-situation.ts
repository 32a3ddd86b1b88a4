import type { HostedRun } from '../ports/hosted-run-store.ts';
import type { RunStatus } from '../run/status.ts';

/** What a person can ask a server to do with a run. */
export const RUN_ACTIONS = ['start', 'pause', 'resume', 'stop', 'acknowledge', 'delete'] as const;

export type RunAction = (typeof RUN_ACTIONS)[number];

/** How a run stands on a server: its status, whether it waits for its turn, and whether anyone has it. */
export type RunSituation =
  | RunStatus
  /** Started, and its turn or its time has not come. */
  | 'queued'
  /** To be gone on with, and its turn has not come. */
  | 'resuming'
  /** At work when its server went away: it is taken up again. */
  | 'interrupted';

/** How a run stands. */
export function situationOf({ state, facts, isHeld }: HostedRun): RunSituation {
  const { status } = state;
  if (status === 'executing') return isHeld ? 'executing' : 'interrupted';
  if (facts.dueAtMs === undefined) return status;
  if (status === 'pending') return 'queued';
  const goesOn = status === 'paused' || status === 'stopped' || status === 'internal_error';
  return goesOn ? 'resuming' : status;
}

/** Why a run cannot do what is asked of it, for each that cannot be; what is not here can be. */
type Refusals = Partial<Readonly<Record<RunAction, string>>>;

const BEGUN = 'it was started already';
const NOT_ENDED = 'it has not ended, so there is nothing to acknowledge';
const ENDED: Refusals = {
  start: 'it has ended: create another run, or retry its failed rows',
  pause: 'it has ended: its output and errors stand',
  resume: 'it has ended: its output and errors stand',
  stop: 'it has ended: its output and errors stand',
};

/** Which action is refused in which situation, with the reason and what can be done instead. */
const REFUSALS: Readonly<Record<RunSituation, Refusals>> = {
  pending: {
    pause: 'it was not started, so there is nothing to pause: start or stop it',
    resume: 'it was not started, so there is nothing to resume: start it',
    acknowledge: NOT_ENDED,
  },
  queued: {
    resume: 'it waits for its turn already',
    acknowledge: NOT_ENDED,
  },
  executing: {
    start: BEGUN,
    resume: 'it is at work, so there is nothing to resume: it can be paused or stopped',
    acknowledge: NOT_ENDED,
    delete: 'it is being carried out: stop it first',
  },
  interrupted: { start: BEGUN, acknowledge: NOT_ENDED },
  resuming: {
    start: `${BEGUN} and waits for its turn`,
    acknowledge: 'it goes on soon, so there is nothing to acknowledge',
  },
  paused: { start: `${BEGUN} and is paused: resume it`, acknowledge: NOT_ENDED },
  stopped: {
    start: `${BEGUN} and was stopped: resume it`,
    pause: 'it was stopped, so there is nothing to pause: it can be resumed',
  },
  internal_error: {
    start: `${BEGUN} and could not go on: resume it`,
    pause: 'it could not go on, so there is nothing to pause: it can be resumed',
    stop: 'it could not go on, so there is nothing to stop: it can be resumed or deleted',
  },
  success: ENDED,
  failure: ENDED,
  partial: ENDED,
  dropped_dup: ENDED,
};

/** Why an action is not possible in a situation; undefined where it is. */
export function refusalOf(action: RunAction, situation: RunSituation): string | undefined {
  return REFUSALS[situation][action];
}
