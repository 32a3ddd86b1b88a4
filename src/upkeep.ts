import type { ApiPorts } from './api/api-ports.ts';
import type { Drafts } from './engine/hosting/drafts.ts';
import type { NoteDeed } from './engine/hosting/own-deeds.ts';
import { removalNotice, Retention } from './engine/hosting/retention.ts';
import type { RunControl } from './engine/hosting/run-control.ts';
import { purgeRuns } from './engine/hosting/purge-runs.ts';
import { StuckRuns } from './engine/hosting/stuck-runs.ts';
import {
  systemJobs,
  type SystemJobName,
  type SystemWork,
} from './engine/automation/system/system-job.ts';
import { SystemJobs, type SystemJobsPorts } from './engine/automation/system/system-jobs.ts';
import type { FiringStore } from './engine/ports/firing-store.ts';
import type { HostedRun, HostedRunStore } from './engine/ports/hosted-run-store.ts';
import type { IdempotencyStore } from './engine/ports/idempotency-store.ts';
import type { KeyStore } from './engine/ports/key-store.ts';
import type { RunBin } from './engine/ports/run-bin.ts';
import type { UploadFiles } from './engine/ports/upload-files.ts';
import type { WebhookStore } from './engine/ports/webhook-store.ts';
import { folderBytes } from './files/local/folder-bytes.ts';
import { KEEP_DELETED_DAYS, type ServerOptions } from './server-options.ts';
import type { FilePlace } from './stores/local/file-place.ts';
import { compactStore } from './stores/sql/compact-store.ts';
import { abandonedRuns } from './stores/sql/due-runs.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';
import { SqlRunBin } from './stores/sql/sql-run-bin.ts';
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
  readonly bin: Pick<RunBin, 'outdated'>;
  readonly keepDeletedDays: number;
  readonly uploads: Pick<UploadFiles, 'remove'>;
  readonly note: NoteDeed;
  readonly drafts: Pick<Drafts, 'removeExpired'>;
  readonly resumable: Pick<ApiPorts['resumable'], 'removeExpired'>;
  readonly idempotency: Pick<IdempotencyStore, 'prune'>;
  readonly keys: Pick<KeyStore, 'prune'>;
  readonly firings: Pick<FiringStore, 'prune'>;
  readonly webhooks: Pick<WebhookStore, 'prune'>;
  readonly alerts: { judgeTimes(): Promise<number>; release(): Promise<number> };
  /** Gives how many events were told. */
  readonly tellUntold: () => Promise<number>;
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
    purge: removing((signal) => purgeDeleted(ports, signal)),
    expired_storage: removing(() => ports.pruneStorage()),
    alert_watch: async () => ({ counts: { changes: await alerts.judgeTimes() } }),
    delayed_notifications: async () => ({ counts: { sent: await alerts.release() } }),
    untold_events: async () => ({ counts: { told: await ports.tellUntold() } }),
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

/** What somebody has deleted, and for how many days that can be restored; 0: it is gone at once. */
export function openDeletedRuns(
  database: SqlDatabase,
  {
    store,
    place,
    days = KEEP_DELETED_DAYS,
  }: {
    readonly store: Pick<HostedRunStore, 'hold'>;
    readonly place: FilePlace;
    readonly days: number | undefined;
  },
) {
  const bin = new SqlRunBin(database, { ...place.runs, hold: (runId) => store.hold(runId) });
  const timeout = (ms: number): AbortSignal => AbortSignal.timeout(ms);
  return { bin, keepDeletedDays: days, forControl: { bin: days > 0 ? bin : undefined, timeout } };
}

/** Removes for good what was deleted long enough ago. */
function purgeDeleted(
  { bin, store, uploads, note, keepDeletedDays }: Omit<UpkeepOptions, 'options' | 'serverId'>,
  signal: AbortSignal,
): Promise<number> {
  const onPurged = async ({ record: { runId, input }, accountId }: HostedRun): Promise<void> => {
    if (input.kind === 'file') await uploads.remove(input.path);
    await note({ action: 'purgeRun', accountId, subject: runId });
  };
  return purgeRuns({ bin, store, onPurged }, { olderThanMs: keepDeletedDays * DAY_MS, signal });
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
