import type { ApiPorts } from './api/api-ports.ts';
import { Alerts } from './engine/automation/alerts/alerts.ts';
import type { RunEventFeed } from './engine/hosting/run-event-feed.ts';
import { SqlAlertStore } from './stores/sql/sql-alert-store.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';

interface AlertOptions extends Omit<ConstructorParameters<typeof Alerts>[0], 'store'> {
  readonly feed: RunEventFeed;
  readonly sendsMail: boolean;
}

/** The alerts of a server: their store, and what looks for what they watch for. */
export function openAlerts(
  database: SqlDatabase,
  { feed, sendsMail, ...ports }: AlertOptions,
): ApiPorts['alerts'] &
  Pick<Alerts, 'judgeTimes' | 'release'> & { open(): void; close(): Promise<void> } {
  const store = new SqlAlertStore(database);
  const alerts = new Alerts({ ...ports, store });
  const unwatch = feed.watchAll(({ type }) => {
    if (type === 'ended') alerts.wake();
  });
  return {
    store,
    sendsMail,
    test: (rule) => alerts.test(rule),
    judgeTimes: () => alerts.judgeTimes(),
    release: () => alerts.release(),
    open: () => alerts.open(),
    async close() {
      unwatch();
      await alerts.close();
    },
  };
}
