import type { ApiPorts } from './api/api-ports.ts';
import type { Drafts } from './engine/hosting/drafts.ts';
import type { NoteDeed } from './engine/hosting/own-deeds.ts';
import { removalNotice, Retention } from './engine/hosting/retention.ts';
import type { RunControl } from './engine/hosting/run-control.ts';
import { StuckRuns } from './engine/hosting/stuck-runs.ts';
import {
  systemJobs,
  type SystemJobName,
  type SystemWork,
} from './engine/automation/system/system-job.ts';
import { SystemJobs, type SystemJobsPorts } from './engine/automation/system/system-jobs.ts';
import type { FiringStore } from './engine/ports/firing-store.ts';
import type { HostedRunStore } from './engine/ports/hosted-run-store.ts';
import type { IdempotencyStore } from './engine/ports/idempotency-store.ts';
import type { KeyStore } from './engine/ports/key-store.ts';
import type { WebhookStore } from './engine/ports/webhook-store.ts';
import { folderBytes } from './files/local/folder-bytes.ts';
import type { ServerOptions } from './server-options.ts';
import { compactStore } from './stores/sql/compact-store.ts';
import { abandonedRuns } from './stores/sql/due-runs.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';
import { SqlSystemJobStore } from './stores/sql/sql-system-job-store.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const MONTH_MS = 30 * DAY_MS;
/** How long it can be listed what became of a due time. */
const FIRINGS_KEPT_MS = 90 * DAY_MS;

interface UpkeepOptions extends Pick<
  SystemJobsPorts,
  'place' | 'clock' | 'makeId' | 'makeStop' | 'onError'
> {
  readonly serverId: string;
  readonly options: Pick<
    ServerOptions,
    | 'keepRunsBytes'
    | 'keepRunsDays'
    | 'keepUntilAcknowledged'
    | 'onNotice'
    | 'onSystemJob'
    | 'systemJobs'
  >;
  readonly store: HostedRunStore;
  readonly control: Pick<RunControl, 'delete'>;
  readonly note: NoteDeed;
  readonly drafts: Pick<Drafts, 'removeExpired'>;
  readonly resumable: Pick<ApiPorts['resumable'], 'removeExpired'>;
  readonly idempotency: Pick<IdempotencyStore, 'prune'>;
  readonly keys: Pick<KeyStore, 'prune'>;
  readonly firings: Pick<FiringStore, 'prune'>;
  readonly webhooks: Pick<WebhookStore, 'prune'>;
  readonly alerts: { judgeTimes(): Promise<number>; release(): Promise<number> };
  /** Of jobs; gives how many values are gone. */
  readonly pruneStorage: () => Promise<number>;
}

/** What a server does to look after itself. */
export async function openUpkeep(
  database: SqlDatabase,
  { serverId, options, ...ports }: UpkeepOptions,
): Promise<
  ApiPorts['systemJobs'] & {
    readonly retention: Retention;
    open(): void;
    close(): Promise<void>;
  }
> {
  const store = new SqlSystemJobStore(database, { holder: serverId });
  await store.releaseAll();
  const { drafts, resumable, idempotency, keys, firings, webhooks, alerts, clock } = ports;
  const retention = openRetention(options, ports);
  const stuckRuns = new StuckRuns(() => abandonedRuns(database));
  const removing =
    (work: (signal: AbortSignal) => Promise<number>): SystemWork =>
    async (signal) => ({ counts: { removed: await work(signal) } });
  const works: Readonly<Record<SystemJobName, SystemWork>> = {
    retention: async (signal) => ({ counts: { ...(await retention.sweep(signal)) } }),
    expired_drafts: removing((signal) => drafts.removeExpired(signal)),
    expired_uploads: removing(() => resumable.removeExpired()),
    expired_requests: removing(() => idempotency.prune()),
    expired_keys: removing(() => keys.prune(MONTH_MS)),
    expired_storage: removing(() => ports.pruneStorage()),
    alert_watch: async () => ({ counts: { changes: await alerts.judgeTimes() } }),
    delayed_notifications: async () => ({ counts: { sent: await alerts.release() } }),
    async stuck_runs() {
      const { stuck, message } = await stuckRuns.look();
      return { counts: { stuck }, message };
    },
    old_firings: removing(() => firings.prune(clock.now() - FIRINGS_KEPT_MS)),
    old_deliveries: removing(() => webhooks.prune(MONTH_MS)),
    system_log: removing(() => {
      const now = clock.now();
      return store.prune({ allMs: now - MONTH_MS, idleMs: now - DAY_MS });
    }),
    compact: async () => ({ counts: { freed_bytes: await compactStore(database) } }),
  };
  const jobs = new SystemJobs(
    { ...ports, store, onEnded: (execution) => options.onSystemJob?.(execution) },
    systemJobs(works, options.systemJobs ?? {}),
  );
  return { jobs, store, retention, open: () => jobs.open(), close: () => jobs.close() };
}

function openRetention(
  options: UpkeepOptions['options'],
  { store, control, note, clock, onError }: Omit<UpkeepOptions, 'options' | 'serverId'>,
): Retention {
  const { keepRunsDays, keepRunsBytes, keepUntilAcknowledged = false } = options;
  return new Retention(
    {
      store,
      control,
      bytesOf: folderBytes,
      clock,
      onRemoved: async (leaving) => {
        options.onNotice?.(removalNotice(leaving));
        const { record, accountId } = leaving.run;
        await note({ action: 'removeRun', accountId, subject: record.runId });
      },
      onError,
    },
    {
      keptMs: keepRunsDays === undefined ? undefined : keepRunsDays * DAY_MS,
      maxBytes: keepRunsBytes,
      untilAcknowledged: keepUntilAcknowledged,
    },
  );
}
