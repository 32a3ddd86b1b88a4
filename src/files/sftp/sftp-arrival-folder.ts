import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CLAIMED } from '../../engine/automation/claimed-files.ts';
import { isFiringId } from '../../engine/automation/firing-runs.ts';
import { RowmillError } from '../../engine/errors.ts';
import { LARGEST_LISTING } from '../../engine/hosting/sftp-files.ts';
import type {
  ArrivalFolder,
  ClaimedFile,
  FetchedFile,
  FoundFile,
  FoundFiles,
} from '../../engine/ports/arrival-folder.ts';
import type { SftpEntry, SftpListing, SftpSession } from '../../engine/ports/sftp-session.ts';
import { inOrder, numbered, refuseGrown } from '../arrived-names.ts';
import { refuseCut, whyCut } from './sftp-listing.ts';

/** Claims, or files, that are asked about at once. */
const ASKED_AT_ONCE = 32;
/** Entries of the folder of a claim: there is one file in it. */
const LARGEST_CLAIM = 10;

interface Place {
  /** Below the root of the connection. */
  readonly folder: string;
  readonly triggerId: string;
  readonly done: string;
  readonly failed: string;
  /** Where files of it are copied to, on this machine. */
  readonly copies: string;
}

/** Works with the server on which the folder lies. */
type Use = <Result>(work: (session: SftpSession) => Promise<Result>) => Promise<Result>;

/**
 * A folder of an SFTP server. A connection may be lost in any step, whether that was done there or not:
 * what is claimed says so by where it lies, and whoever looks next goes on with it.
 */
export class SftpArrivalFolder implements ArrivalFolder {
  readonly #place: Place;
  readonly #use: Use;

  constructor(place: Place, use: Use) {
    this.#place = place;
    this.#use = use;
  }

  files(): Promise<FoundFiles> {
    return this.#use(async (session) => {
      const { folder } = this.#place;
      const listing = await session.listUpTo(folder, LARGEST_LISTING);
      const found = filesOf(listing.entries);
      const unreadable = await this.#unreadable(session, found);
      const why = whyCut(listing);
      const leftOut =
        why &&
        `the folder ${folder}: ${why}. Only the first that its server names are looked at, and they stay the first where they are not meant: take away what nothing waits for`;
      return {
        files: found.filter(({ name }) => !unreadable.has(name)),
        unreadable: [...unreadable],
        leftOut,
      };
    });
  }

  claims({ isWhole } = { isWhole: false }): Promise<readonly ClaimedFile[]> {
    return this.#use(async (session) => {
      const listing = await listIfThere(session, this.#claimed(), LARGEST_LISTING);
      if (isWhole) refuseCut(listing, `the folder ${this.#claimed()}`);
      const claims = listing.entries.filter(
        ({ name, kind }) => kind === 'folder' && isFiringId(name),
      );
      const found: ClaimedFile[] = [];
      for (let at = 0; at < claims.length; at += ASKED_AT_ONCE) {
        const some = claims.slice(at, at + ASKED_AT_ONCE).map(async ({ name: claimId }) => ({
          claimId,
          file: await this.#fileOf(session, claimId),
        }));
        found.push(...(await Promise.all(some)));
      }
      return found;
    });
  }

  claim(name: string, claimId: string): Promise<boolean> {
    return this.#use(async (session) => {
      const folder = this.#claimed(claimId);
      await session.makeFolder(folder);
      const from = below(this.#place.folder, name);
      try {
        // In one step, where the server can: else it would be in two places for a moment.
        const claimed = await session.rename(from, below(folder, name), { replaces: true });
        if (claimed === 'done') return true;
      } catch (error) {
        // Another takes the folder of a claim for one that was given up.
        if (!isMissing(error)) throw error;
      }
      await session.removeFolder(folder);
      return false;
    });
  }

  claimAgain(claimId: string, newId: string): Promise<boolean> {
    return this.#use(async (session) => {
      const renamed = await session.rename(this.#claimed(claimId), this.#claimed(newId));
      return renamed === 'done';
    });
  }

  putAway(claimId: string, where: 'done' | 'failed' | 'back'): Promise<void> {
    return this.#use(async (session) => {
      const { folder } = this.#place;
      const file = await this.#fileOf(session, claimId);
      if (file !== undefined) {
        const target = where === 'back' ? folder : below(folder, this.#place[where]);
        if (target !== '') await session.makeFolder(target);
        await moveBeside(session, { from: below(this.#claimed(claimId), file.name), target, file });
      }
      await this.#removeEmpty(session, claimId);
    });
  }

  removeEmpty(claimId: string): Promise<void> {
    return this.#use((session) => this.#removeEmpty(session, claimId));
  }

  fetch(claimId: string, mostBytes?: number): Promise<FetchedFile> {
    return this.#use(async (session) => {
      const file = await this.#fileOf(session, claimId);
      if (file === undefined) {
        throw new RowmillError('input_not_found', 'the file that had arrived is gone');
      }
      const { name } = file;
      refuseGrown(name, file.bytes, mostBytes);
      await mkdir(this.#place.copies, { recursive: true, mode: 0o700 });
      const folder = await mkdtemp(join(this.#place.copies, 'file-'));
      const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
      try {
        const path = join(folder, name);
        const from = below(this.#claimed(claimId), name);
        // What it says of its size need not be so.
        await download(session, { from, to: path }, (bytes) => refuseGrown(name, bytes, mostBytes));
        return { path, name, dispose };
      } catch (error) {
        await dispose();
        throw error;
      }
    });
  }

  async close(): Promise<void> {}

  /** Not where another has just put something there, or has taken it away. */
  async #removeEmpty(session: SftpSession, claimId: string): Promise<void> {
    const all = below(this.#place.folder, CLAIMED);
    for (const left of [this.#claimed(claimId), this.#claimed(), all]) {
      await session.removeFolder(left);
    }
  }

  async #fileOf(session: SftpSession, claimId: string): Promise<FoundFile | undefined> {
    const { entries } = await listIfThere(session, this.#claimed(claimId), LARGEST_CLAIM);
    return filesOf(entries)[0];
  }

  /** Names that were no UTF-8: what stands for them may be in a name too, which is there then. */
  async #unreadable(
    session: SftpSession,
    files: readonly FoundFile[],
  ): Promise<ReadonlySet<string>> {
    const doubtful = files.filter(({ name }) => name.includes('\uFFFD'));
    const found = new Set<string>();
    for (let at = 0; at < doubtful.length; at += ASKED_AT_ONCE) {
      const some = doubtful.slice(at, at + ASKED_AT_ONCE).map(async ({ name }) => {
        const entry = await session.entry(below(this.#place.folder, name));
        if (entry === undefined) found.add(name);
      });
      await Promise.all(some);
    }
    return found;
  }

  #claimed(claimId = ''): string {
    const { folder, triggerId } = this.#place;
    return below(folder, CLAIMED, triggerId, claimId);
  }
}

function below(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/');
}

/** Plain files: a link could lead anywhere. */
function filesOf(entries: readonly SftpEntry[]): readonly FoundFile[] {
  const files = entries.filter(({ kind }) => kind === 'file');
  return inOrder(files.map(({ name, bytes, modifiedMs }) => ({ name, bytes, modifiedMs })));
}

async function listIfThere(
  session: SftpSession,
  folder: string,
  most: number,
): Promise<SftpListing> {
  try {
    return await session.listUpTo(folder, most);
  } catch (error) {
    if (isMissing(error)) return { entries: [], seen: 0, limit: undefined };
    throw error;
  }
}

/** Moves a file into a folder; where its name is taken it gets another, and both stay. */
async function moveBeside(
  session: SftpSession,
  {
    from,
    target,
    file,
  }: { readonly from: string; readonly target: string; readonly file: FoundFile },
): Promise<void> {
  for (let number = 1; ; number += 1) {
    const moved = await session.rename(from, below(target, numbered(file.name, number)));
    if (moved !== 'taken') return; // Else another server was quicker.
  }
}

async function download(
  session: SftpSession,
  { from, to }: { readonly from: string; readonly to: string },
  check: (bytes: number) => void,
): Promise<void> {
  const file = await open(to, 'wx', 0o600);
  let bytes = 0;
  try {
    await session.readTo(from, async (piece) => {
      bytes += piece.length;
      check(bytes);
      await file.writeFile(piece);
    });
  } finally {
    await file.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof RowmillError && error.code === 'input_not_found';
}
