import type { ApiPorts } from './api/api-ports.ts';
import { ScheduledRuns } from './engine/automation/scheduled-runs.ts';
import { Scheduler, type SchedulerPorts } from './engine/automation/scheduler.ts';
import type { RunEventFeed } from './engine/hosting/run-event-feed.ts';
import { SqlFiringStore } from './stores/sql/sql-firing-store.ts';
import { SqlScheduleStore } from './stores/sql/sql-schedule-store.ts';
import { SqlTriggerStore } from './stores/sql/sql-trigger-store.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';

type RunPorts = Omit<ConstructorParameters<typeof ScheduledRuns>[0], 'schedules'>;

interface ScheduleOptions
  extends RunPorts, Pick<SchedulerPorts, 'clock' | 'makeId' | 'makeStop' | 'onError'> {
  readonly serverId: string;
  readonly feed: RunEventFeed;
}

/** The schedules of a server: their stores, and what makes them fire. */
export async function openSchedules(
  database: SqlDatabase,
  { serverId, clock, makeId, makeStop, onError, ...runs }: ScheduleOptions,
): Promise<ApiPorts['schedules'] & { open(): void; close(): Promise<void> }> {
  const store = new SqlScheduleStore(database);
  const triggers = new SqlTriggerStore(database);
  const firings = new SqlFiringStore(database, { holder: serverId });
  await firings.releaseAll();
  const scheduler = new Scheduler({
    triggers,
    firings,
    jobs: new ScheduledRuns({ ...runs, schedules: store }),
    clock,
    makeId,
    makeStop,
    onError,
  });
  const unwatch = runs.feed.watchAll(({ type }) => {
    if (type === 'ended') scheduler.wake();
  });
  return {
    store,
    triggers,
    firings,
    makeFiringId: () => makeId('fir'),
    wake: () => scheduler.wake(),
    open: () => scheduler.open(),
    async close() {
      unwatch();
      await scheduler.close();
    },
  };
}
