import type { SystemPlan } from './system-plan.ts';

/** What is said of a job of the system. */
interface SystemJobFacts {
  readonly description: string;
  /** When it runs, where the configuration says nothing else. */
  readonly plan: SystemPlan;
  /**
   * `cluster`: one of all servers does it. `files`: one of those that have the same folder of files, as
   * it looks after what lies there.
   */
  readonly reach: 'cluster' | 'files';
}

const every = (seconds: number): SystemPlan => ({ kind: 'frequency', seconds });
const daily = (time: string): SystemPlan => ({ kind: 'time', time, zone: 'UTC' });

/** What a server does to look after itself. */
const SYSTEM_JOBS = {
  retention: {
    description: 'Removes runs that were kept long enough, by the rules of the settings',
    plan: every(3600),
    reach: 'files',
  },
  purge: {
    description: 'Removes runs for good that were deleted a month ago (setting keepDeletedDays)',
    plan: daily('00:00'),
    reach: 'files',
  },
  expired_drafts: {
    description: 'Removes drafts whose time is over, with their files',
    plan: every(60),
    reach: 'files',
  },
  expired_uploads: {
    description: 'Removes uploads that nobody has gone on with for a day',
    plan: every(3600),
    reach: 'files',
  },
  expired_requests: {
    description: 'Forgets the answers of requests with an idempotency key, a day later',
    plan: every(3600),
    reach: 'cluster',
  },
  expired_keys: {
    description: 'Removes API keys that expired or were revoked a month ago',
    plan: daily('01:00'),
    reach: 'cluster',
  },
  expired_storage: {
    description: 'Removes what jobs keep and what has expired',
    plan: every(3600),
    reach: 'cluster',
  },
  alert_watch: {
    description: 'Looks for what did not happen in time, for alerts that watch for it',
    plan: every(60),
    reach: 'cluster',
  },
  delayed_notifications: {
    description: 'Sends messages of alerts that waited for the end of quiet hours',
    plan: every(300),
    reach: 'cluster',
  },
  untold_events: {
    description: 'Tells events of runs and files whose server went away before it told them',
    plan: every(60),
    reach: 'cluster',
  },
  stuck_runs: {
    description: 'Looks for runs whose server has gone and that no other takes up, and says which',
    plan: every(300),
    reach: 'cluster',
  },
  old_firings: {
    description: 'Forgets what became of due times of schedules and events, 90 days later',
    plan: every(3600),
    reach: 'cluster',
  },
  old_deliveries: {
    description: 'Forgets what was delivered to webhooks, or could not be, a month later',
    plan: daily('01:30'),
    reach: 'cluster',
  },
  system_log: {
    description:
      'Forgets executions of these jobs a month later; those that did nothing, a day later',
    plan: daily('02:00'),
    reach: 'cluster',
  },
  compact: {
    description: 'Gives space back that removed rows have left in the database',
    plan: { kind: 'on_call' },
    reach: 'cluster',
  },
} as const satisfies Readonly<Record<string, SystemJobFacts>>;

export type SystemJobName = keyof typeof SYSTEM_JOBS;

/** What an execution has done: numbers by what they count, such as `removed`. Nothing: there was nothing to do. */
interface SystemReport {
  readonly counts: Readonly<Record<string, number>>;
  /** What a person should read. */
  readonly message?: string | undefined;
}

/** Does the work of a job once. The signal says that the server ends, or that another has taken over. */
export type SystemWork = (signal: AbortSignal) => Promise<SystemReport>;

/** A job of the system, as this server has it. */
export interface SystemJob extends SystemJobFacts {
  readonly name: SystemJobName;
  /** As configured. */
  readonly plan: SystemPlan;
  /** What it would be if nothing was configured. */
  readonly defaultPlan: SystemPlan;
  readonly work: SystemWork;
}

export const SYSTEM_JOB_NAMES: readonly SystemJobName[] =
  Object.keys(SYSTEM_JOBS).filter(isSystemJob);

export function isSystemJob(name: string): name is SystemJobName {
  return Object.hasOwn(SYSTEM_JOBS, name);
}

/** What the configuration says of some of them. */
export type SystemPlans = Readonly<Partial<Record<SystemJobName, SystemPlan>>>;

/** All of them, in order. */
export function systemJobs(
  works: Readonly<Record<SystemJobName, SystemWork>>,
  plans: SystemPlans,
): readonly SystemJob[] {
  return SYSTEM_JOB_NAMES.map((name): SystemJob => {
    const { description, plan: defaultPlan, reach } = SYSTEM_JOBS[name];
    const plan = plans[name] ?? defaultPlan;
    return { name, description, plan, defaultPlan, reach, work: works[name] };
  });
}
