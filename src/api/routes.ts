import { kazooRoutes } from './kazoo/routes.ts';
import type { AnyRoute } from './route.ts';
import { eventRoutes } from './routes/events.ts';
import { jobTriggerRoutes } from './routes/job-triggers.ts';
import { alertRoutes } from './routes/alerts.ts';
import { queueEntryRoutes } from './routes/queue-entries.ts';
import { queueRoutes } from './routes/queues.ts';
import { createRunRoutes } from './routes/create-runs.ts';
import { descriptionRoutes } from './routes/description.ts';
import { draftRoutes } from './routes/drafts.ts';
import { jobRoutes } from './routes/jobs.ts';
import { jobStorageRoutes } from './routes/job-storage.ts';
import { jobRunRoutes } from './routes/job-runs.ts';
import { executorRoutes } from './routes/executors.ts';
import { firingRoutes } from './routes/firings.ts';
import { entityRoutes } from './routes/entities.ts';
import { retentionRoutes } from './routes/retention.ts';
import { keyRoutes } from './routes/keys.ts';
import { runControlRoutes } from './routes/run-control.ts';
import { runEventRoutes } from './routes/run-events.ts';
import { runFamilyRoutes } from './routes/run-families.ts';
import { runFileRoutes } from './routes/run-files.ts';
import { runRowRoutes } from './routes/run-rows.ts';
import { runRoutes } from './routes/runs.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { sourceRoutes } from './routes/sources.ts';
import { sftpConnectionRoutes } from './routes/sftp-connections.ts';
import { sftpFileRoutes } from './routes/sftp-files.ts';
import { secretRoutes } from './routes/secrets.ts';
import { serverRoutes } from './routes/server.ts';
import { systemJobRoutes } from './routes/system-jobs.ts';
import { serviceRoutes } from './routes/services.ts';
import { startableJobRoutes } from './routes/startable-jobs.ts';
import { taskRoutes } from './routes/tasks.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { webhookRoutes } from './routes/webhooks.ts';

/** Every route there is: the router, the description of the API and the matrix of keys come from here. */
export const ROUTES: readonly AnyRoute[] = [
  ...serverRoutes,
  ...descriptionRoutes(() => ROUTES),
  ...taskRoutes,
  ...draftRoutes,
  ...uploadRoutes,
  ...createRunRoutes,
  ...runRoutes,
  ...runControlRoutes,
  ...runFamilyRoutes,
  ...runEventRoutes,
  ...runFileRoutes,
  ...runRowRoutes,
  ...jobRoutes,
  ...startableJobRoutes,
  ...jobRunRoutes,
  ...jobStorageRoutes,
  ...serviceRoutes,
  ...jobTriggerRoutes,
  ...queueRoutes,
  ...queueEntryRoutes,
  ...eventRoutes,
  ...executorRoutes,
  ...entityRoutes,
  ...scheduleRoutes,
  ...firingRoutes,
  ...sourceRoutes,
  ...sftpConnectionRoutes,
  ...sftpFileRoutes,
  ...webhookRoutes,
  ...alertRoutes,
  ...retentionRoutes,
  ...systemJobRoutes,
  ...keyRoutes,
  ...secretRoutes,
  ...kazooRoutes,
];
