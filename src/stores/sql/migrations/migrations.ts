import { runs } from './001-runs.ts';
import { placeOfRuns } from './002-place-of-runs.ts';
import { keys } from './010-keys.ts';
import { audit } from './011-audit.ts';
import { drafts } from './020-drafts.ts';
import { runControl } from './030-run-control.ts';
import { idempotency } from './040-idempotency.ts';
import { webhooks } from './041-webhooks.ts';
import { jobs } from './060-jobs.ts';
import { jobResults } from './061-job-results.ts';
import { runFamilies } from './070-run-families.ts';
import { secrets } from './080-secrets.ts';
import { automation } from './110-automation.ts';
import { placeOfDrafts } from './120-place-of-drafts.ts';
import { schedules } from './130-schedules.ts';
import { runFigures } from './140-run-figures.ts';
import { jobStarters } from './150-job-starters.ts';
import { executors } from './151-executors.ts';
import { keyRoles } from './152-key-roles.ts';
import { events } from './160-events.ts';
import { queues } from './161-queues.ts';
import { jobStorage } from './170-job-storage.ts';
import { placeOfFirings } from './171-place-of-firings.ts';
import { sources } from './172-sources.ts';
import { runLanes } from './180-run-lanes.ts';
import { serviceCalls } from './181-service-calls.ts';
import { entityRuns } from './182-entity-runs.ts';
import { systemJobs } from './190-system-jobs.ts';
import { alerts } from './191-alerts.ts';
import { deletedRuns } from './192-deleted-runs.ts';
import { sftpConnections } from './200-sftp-connections.ts';
import { untoldEvents } from './215-untold-events.ts';
import { arrivalClaims } from './216-arrival-claims.ts';
import { putOffFirings } from './217-put-off-firings.ts';
import { placesOfClaims } from './218-places-of-claims.ts';
import { claimsPutAway } from './219-claims-put-away.ts';
import type { MakeMigration } from './make-migration.ts';

/**
 * In order of their names, each once, in a transaction where the database can. A migration that was
 * released is never changed, and none is put before it: a database of an earlier release opens in this
 * one. The numbers leave room, so that parts made at the same time each have their own ten: runs 00x,
 * keys 01x, drafts 02x, control of runs 03x, webhooks and retention 04x, compatibility 05x,
 * jobs 06x, families of runs 07x, secrets 08x, automation 11x,
 * several servers 12x, schedules 13x, figures 14x, executors and roles 15x, events and queues 16x,
 * storage of jobs and files 17x, services and handlers 18x, upkeep and alerts 19x,
 * files elsewhere 20x.
 */
export const MIGRATIONS: Readonly<Record<string, MakeMigration>> = {
  '001-runs': runs,
  '002-place-of-runs': placeOfRuns,
  '010-keys': keys,
  '011-audit': audit,
  '020-drafts': drafts,
  '030-run-control': runControl,
  '040-idempotency': idempotency,
  '041-webhooks': webhooks,
  '060-jobs': jobs,
  '061-job-results': jobResults,
  '070-run-families': runFamilies,
  '080-secrets': secrets,
  '110-automation': automation,
  '120-place-of-drafts': placeOfDrafts,
  '130-schedules': schedules,
  '140-run-figures': runFigures,
  '150-job-starters': jobStarters,
  '151-executors': executors,
  '152-key-roles': keyRoles,
  '160-events': events,
  '161-queues': queues,
  '170-job-storage': jobStorage,
  '171-place-of-firings': placeOfFirings,
  '172-sources': sources,
  '180-run-lanes': runLanes,
  '181-service-calls': serviceCalls,
  '182-entity-runs': entityRuns,
  '190-system-jobs': systemJobs,
  '191-alerts': alerts,
  '192-deleted-runs': deletedRuns,
  '200-sftp-connections': sftpConnections,
  '215-untold-events': untoldEvents,
  '216-arrival-claims': arrivalClaims,
  '217-put-off-firings': putOffFirings,
  '218-places-of-claims': placesOfClaims,
  '219-claims-put-away': claimsPutAway,
};
