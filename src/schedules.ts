import type { ApiPorts } from './api/api-ports.ts';
import { openSources } from './sources-app.ts';
import { openArrivals } from './arrivals-app.ts';
import { refuseArguments } from './api/refuse-arguments.ts';
import { isClaim } from './engine/automation/claimed-files.ts';
import { EventCatalogue } from './engine/automation/event-catalogue.ts';
import { EventTeller } from './engine/automation/event-teller.ts';
import { tellArrival } from './engine/automation/tell-arrival.ts';
import { UntoldTeller } from './engine/automation/tell-untold.ts';
import { tellRunEvent } from './engine/automation/tell-run-events.ts';
import { ScheduledRuns } from './engine/automation/scheduled-runs.ts';
import { Scheduler, type SchedulerPorts } from './engine/automation/scheduler.ts';
import type { SftpConnections } from './engine/hosting/sftp-connections.ts';
import type { RunEventFeed } from './engine/hosting/run-event-feed.ts';
import { SqlEventKindStore, SqlToldEventStore } from './stores/sql/sql-told-event-store.ts';
import { SqlArrivalClaims } from './stores/sql/sql-arrival-claims.ts';
import { SqlFiringStore } from './stores/sql/sql-firing-store.ts';
import { SqlScheduleStore } from './stores/sql/sql-schedule-store.ts';
import { SqlTriggerStore } from './stores/sql/sql-trigger-store.ts';
import { SqlUntoldEvents } from './stores/sql/sql-untold-events.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';

/** What is untold for so long is told by no server that is there. */
const UNTOLD_FOR_MS = 30_000;

type RunPorts = Omit<
  ConstructorParameters<typeof ScheduledRuns>[0],
  'schedules' | 'jobs' | 'starter' | 'refuseArguments' | 'files' | 'sources' | 'firings' | 'makeId'
>;

interface ScheduleOptions
  extends RunPorts, Pick<SchedulerPorts, 'clock' | 'makeId' | 'makeStop' | 'onError'> {
  readonly serverId: string;
  readonly jobs: Pick<ApiPorts['jobs'], 'store' | 'runs' | 'starter' | 'sha256'>;
  readonly feed: RunEventFeed;
  /** Name of the place that files of this server lie in. */
  readonly place: string;
  readonly fileRoots: readonly string[];
  readonly sftp: Pick<SftpConnections, 'use'>;
  /** Where files from elsewhere are copied to. */
  readonly copies: string;
}

/** The schedules of a server: their stores, and what makes them fire. */
export async function openSchedules(
  database: SqlDatabase,
  options: ScheduleOptions,
): Promise<
  ApiPorts['schedules'] & {
    readonly events: ApiPorts['events'];
    arrivedFor: ReturnType<typeof openArrivals>['arrivedFor'];
    /** Forgets due times and events that are older. */
    prune(beforeMs: number): Promise<number>;
    /** Tells events that another server has left untold. Gives how many. */
    tellUntold(): Promise<number>;
    open(): void;
    close(): Promise<void>;
  }
> {
  const {
    serverId,
    place,
    fileRoots,
    sftp,
    copies,
    jobs,
    clock,
    makeId,
    makeStop,
    onError,
    ...runs
  } = options;
  const store = new SqlScheduleStore(database);
  const triggers = new SqlTriggerStore(database);
  const firings = new SqlFiringStore(database, { holder: serverId, place });
  const claims = new SqlArrivalClaims(database);
  const events = new SqlToldEventStore(database);
  await firings.releaseAll();
  const telling = new Set<Promise<void>>();
  const tell = (work: () => Promise<void>, about: string): void => {
    const told = work()
      .catch((error: unknown) => onError(error, about))
      .finally(() => telling.delete(told));
    telling.add(told);
  };
  const { arrivals, ...files } = openArrivals({
    triggers,
    firings,
    claims,
    place,
    fileRoots,
    sftp,
    copies,
    clock,
    makeId,
    makeStop,
    isArchived: async (jobId) => (await jobs.store.find(jobId))?.isArchived ?? false,
    onWaiting: () => scheduler.wake(),
    onArrival(arrival) {
      scheduler.wake();
      tell(async () => {
        await tellArrival(arrival, teller);
        await claims.note(arrival.firingId, 'told');
      }, arrival.firingId);
    },
    onError,
  });
  const sources = openSources(database, files.roots);
  const scheduler: Scheduler = new Scheduler({
    triggers,
    firings,
    jobs: new ScheduledRuns({
      ...runs,
      jobs: jobs.store,
      starter: jobs.starter,
      schedules: store,
      refuseArguments,
      files: files.forRuns,
      sources: { sources: sources.store, items: sources.items },
      firings,
      makeId,
    }),
    clock,
    makeId,
    makeStop,
    onEnd(firing) {
      if (isClaim(firing)) arrivals.wake(firing.triggerId);
    },
    onError,
  });
  const wake = (): void => scheduler.wake();
  const { sha256, runs: jobRuns } = jobs;
  const stores = { triggers, firings, schedules: store, jobs: jobs.store, events };
  const teller = new EventTeller({ ...stores, clock, sha256, makeId, wake });
  const untold = new SqlUntoldEvents(database);
  const told = { ...stores, teller, runs: runs.runs, jobRuns };
  const unwatch = runs.feed.watchAll((event) => {
    if (event.type === 'ended') wake();
    const telling = async (): Promise<void> => {
      if (await tellRunEvent(event, told)) await untold.told(event);
    };
    tell(telling, event.runId);
  });
  const untoldTeller = new UntoldTeller({
    untold,
    claims,
    firings,
    triggers,
    tellRun: (event) => tellRunEvent(event, told),
    tellArrival: (arrival) => tellArrival(arrival, teller),
    onError,
  });
  return {
    store,
    triggers,
    firings,
    claims,
    makeFiringId: () => makeId('fir'),
    files: files.forApi,
    sources,
    wake,
    arrivedFor: (runId) => files.arrivedFor(runId),
    events: {
      teller,
      store: events,
      catalogue: new EventCatalogue(new SqlEventKindStore(database)),
    },
    tellUntold: () => untoldTeller.tell(UNTOLD_FOR_MS),
    async prune(beforeMs) {
      const removed = (await firings.prune(beforeMs)) + (await events.prune(beforeMs));
      return removed + (await claims.prune(beforeMs));
    },
    open() {
      tell(async () => void (await untoldTeller.tell(0)), 'untold');
      scheduler.open();
      files.open();
    },
    async close() {
      unwatch();
      const stopped = scheduler.close();
      await files.close();
      await Promise.all(telling);
      await stopped;
    },
  };
}
