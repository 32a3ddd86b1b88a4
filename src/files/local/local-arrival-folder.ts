import { isUtf8 } from 'node:buffer';
import {
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rmdir,
  unlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import { CLAIMED } from '../../engine/automation/claimed-files.ts';
import { isFiringId } from '../../engine/automation/firing-runs.ts';
import { RowmillError } from '../../engine/errors.ts';
import type {
  ArrivalFolder,
  ClaimedFile,
  FetchedFile,
  FoundFile,
  FoundFiles,
} from '../../engine/ports/arrival-folder.ts';
import { inOrder, numbered, refuseGrown } from '../arrived-names.ts';
import { isSameFile } from './same-file.ts';

interface Place {
  /** Absolute, symbolic links resolved. */
  readonly folder: string;
  readonly triggerId: string;
  readonly done: string;
  readonly failed: string;
}

/** A folder of this machine, or of a share that it has. */
export class LocalArrivalFolder implements ArrivalFolder {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  async files(): Promise<FoundFiles> {
    return { ...(await filesOf(this.#place.folder)), leftOut: undefined };
  }

  async claims(): Promise<readonly ClaimedFile[]> {
    await refuseLink(this.#claimed());
    const found = await readdir(this.#claimed(), { withFileTypes: true }).catch(orNothing);
    const claims = found.filter((entry) => entry.isDirectory() && isFiringId(entry.name));
    return Promise.all(
      claims.map(async ({ name: claimId }) => ({ claimId, file: await this.#fileOf(claimId) })),
    );
  }

  async claim(name: string, claimId: string): Promise<boolean> {
    const folder = this.#claimed(claimId);
    await refuseLink(this.#claimed());
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await refuseLink(folder);
    try {
      await rename(join(this.#place.folder, name), join(folder, name));
      return true;
    } catch (error) {
      await rmdir(folder).catch(() => undefined);
      if (isGone(error)) return false;
      throw error;
    }
  }

  async claimAgain(claimId: string, newId: string): Promise<boolean> {
    try {
      await rename(this.#claimed(claimId), this.#claimed(newId));
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async putAway(claimId: string, where: 'done' | 'failed' | 'back'): Promise<void> {
    const { folder } = this.#place;
    const file = await this.#fileOf(claimId);
    if (file !== undefined) {
      const target = where === 'back' ? folder : join(folder, this.#place[where]);
      await refuseLink(target);
      await mkdir(target, { recursive: true });
      await refuseLink(target);
      await moveBeside(join(this.#claimed(claimId), file.name), target, file.name);
    }
    await this.removeEmpty(claimId);
  }

  /** Not where another has just put something there, or has taken it away. */
  async removeEmpty(claimId: string): Promise<void> {
    const all = join(this.#place.folder, CLAIMED);
    for (const left of [this.#claimed(claimId), this.#claimed(), all]) {
      await rmdir(left).catch(() => undefined);
    }
  }

  async fetch(claimId: string, mostBytes?: number): Promise<FetchedFile> {
    const file = await this.#fileOf(claimId);
    if (file === undefined) {
      throw new RowmillError('input_not_found', 'the file that had arrived is gone');
    }
    refuseGrown(file.name, file.bytes, mostBytes);
    const path = join(this.#claimed(claimId), file.name);
    return { path, name: file.name, dispose: async () => undefined };
  }

  async close(): Promise<void> {}

  async #fileOf(claimId: string): Promise<FoundFile | undefined> {
    const found = await filesOf(this.#claimed(claimId)).catch(orNoFile);
    return found?.files[0];
  }

  #claimed(claimId = ''): string {
    const { folder, triggerId } = this.#place;
    return join(folder, CLAIMED, triggerId, claimId);
  }
}

/** A folder below the one that is watched could be a link of whoever may write there, to anywhere. */
async function refuseLink(folder: string): Promise<void> {
  const real = await realpath(folder).catch(orNothing);
  if (typeof real !== 'string' || real === folder) return;
  throw new RowmillError('usage', `${folder} is a symbolic link: expected a folder`);
}

/** Plain files: a link could lead anywhere. */
async function filesOf(folder: string): Promise<Omit<FoundFiles, 'leftOut'>> {
  const found: FoundFile[] = [];
  const unreadable: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
    if (!entry.isFile()) continue;
    const name = entry.name.toString();
    // What was read of its bytes names no file, or another.
    if (!isUtf8(entry.name)) {
      unreadable.push(name);
      continue;
    }
    const stats = await lstat(join(folder, name)).catch(orNoFile);
    if (stats?.isFile() !== true) continue;
    found.push({ name, bytes: stats.size, modifiedMs: stats.mtimeMs });
  }
  return { files: inOrder(found), unreadable };
}

/** Moves a file into a folder; where its name is taken it gets another, and both stay. */
async function moveBeside(path: string, folder: string, name: string): Promise<void> {
  for (let number = 1; ; number += 1) {
    const target = join(folder, numbered(name, number));
    try {
      await takeName(path, target);
      return;
    } catch (error) {
      if (isGone(error)) return; // Another server was quicker.
      if (codeOf(error) !== 'EEXIST') throw error;
      if (await isSameFile(path, target)) {
        // Who moved it went away between the two steps.
        await unlink(path).catch(orNothing);
        return;
      }
    }
  }
}

async function takeName(path: string, target: string): Promise<void> {
  try {
    await link(path, target);
    await unlink(path);
  } catch (error) {
    // Some file systems have no second names: the new one is taken first, and then replaced.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error)))
      throw error;
    await (await open(target, 'wx')).close();
    await rename(path, target);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function orNothing(error: unknown): [] {
  if (isGone(error)) return [];
  throw error;
}

function orNoFile(error: unknown): undefined {
  if (isGone(error)) return undefined;
  throw error;
}
