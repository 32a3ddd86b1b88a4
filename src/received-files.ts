import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiPorts } from './api/api-ports.ts';
import { ResumableUploads } from './api/uploads/resumable-uploads.ts';
import { Drafts } from './engine/hosting/drafts.ts';
import type { MakeId } from './engine/ports/ids.ts';
import type { UploadFiles } from './engine/ports/upload-files.ts';
import type { ServicePorts } from './engine/run/service-ports.ts';
import type { FilePlace } from './stores/local/file-place.ts';
import { LocalUploads } from './files/local/local-uploads.ts';
import { PartialUploads } from './files/local/partial-uploads.ts';
import { SqlDraftStore } from './stores/sql/sql-draft-store.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** An upload that nobody goes on with. */
const PARTIAL_LIFE_MS = DAY_MS;
const DRAFT_DAYS = 7;

interface ReceiveOptions {
  readonly tasks: ApiPorts['tasks'];
  readonly maxUploadBytes: number;
  readonly draftDays?: number;
  readonly onError: (error: unknown, about: string | undefined) => void;
}

/** The files that a server was sent and that belong to no run yet: whole ones, drafts, and parts of one. */
export async function openReceivedFiles(
  { tasks, maxUploadBytes, draftDays = DRAFT_DAYS, onError }: ReceiveOptions,
  {
    database,
    place,
    runs,
    makeId,
    counting,
  }: {
    readonly database: SqlDatabase;
    readonly place: FilePlace;
    readonly runs: ServicePorts;
    readonly makeId: MakeId;
    readonly counting: (files: UploadFiles) => UploadFiles;
  },
): Promise<{
  readonly ports: Pick<ApiPorts, 'uploads' | 'drafts' | 'resumable'>;
  close(): Promise<unknown>;
}> {
  const { folder, name, holder, isShared } = place;
  const uploads = counting(new LocalUploads(join(folder, 'uploads'), { isShared }));
  const drafts = new Drafts(
    { store: new SqlDraftStore(database, { holder, place: name }), uploads, tasks, runs, onError },
    { lifeMs: draftDays * DAY_MS },
  );
  await drafts.open();
  const partialFolder = join(folder, 'uploads', 'partial');
  await mkdir(partialFolder, { recursive: true, mode: 0o700 });
  const store = new PartialUploads({
    directory: partialFolder,
    expirationPeriodInMilliseconds: PARTIAL_LIFE_MS,
  });
  const resumable = new ResumableUploads(
    { store, uploads, drafts, makeId },
    { maxBytes: maxUploadBytes },
  );
  return {
    ports: { uploads, drafts, resumable },
    close: () => drafts.close(),
  };
}
