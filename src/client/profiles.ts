import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf, RowmillError } from '../engine/errors.ts';
import { didYouMean } from '../engine/nearest-names.ts';

/** A server and the key to it. */
export interface Profile {
  readonly server: string;
  /** Undefined where the server asks for none. */
  readonly key: string | undefined;
}

/** The servers a user has logged in to, in a file of the user's config folder that only the user can read. */
export class ProfileStore {
  readonly path: string;

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    const home =
      environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config');
    this.path = join(home, 'rowmill', 'profiles.json');
  }

  /** By name. */
  async list(): Promise<ReadonlyMap<string, Profile>> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw new RowmillError('permission_denied', `${this.path}: ${messageOf(cause)}`, { cause });
    }
    try {
      // Written by `#write` alone.
      const profiles = JSON.parse(text) as Readonly<Record<string, Profile>>;
      return new Map(Object.entries(profiles).sort(([a], [b]) => (a < b ? -1 : 1)));
    } catch (cause) {
      const message = `${this.path} is damaged: ${messageOf(cause)}. Remove it and log in again`;
      throw new RowmillError('usage', message, { cause });
    }
  }

  /** Throws `usage` with near names. */
  async get(name: string): Promise<Profile> {
    const profiles = await this.list();
    const found = profiles.get(name);
    if (found !== undefined) return found;
    throw new RowmillError(
      'usage',
      `there is no profile ${JSON.stringify(name)}.${didYouMean(name, profiles.keys())} rowmill login makes one`,
    );
  }

  async set(name: string, profile: Profile): Promise<void> {
    await this.#write(new Map(await this.list()).set(name, profile));
  }

  async remove(name: string): Promise<void> {
    await this.get(name);
    const profiles = new Map(await this.list());
    profiles.delete(name);
    await this.#write(profiles);
  }

  /** Whole or not at all; never readable by others, not for a moment. */
  async #write(profiles: ReadonlyMap<string, Profile>): Promise<void> {
    const part = `${this.path}.${process.pid}.part`;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const text = `${JSON.stringify(Object.fromEntries(profiles), undefined, 2)}\n`;
      await writeFile(part, text, { mode: 0o600 });
      await chmod(part, 0o600);
      await rename(part, this.path);
    } catch (cause) {
      throw new RowmillError('output_unwritable', `${this.path}: ${messageOf(cause)}`, { cause });
    }
  }
}
