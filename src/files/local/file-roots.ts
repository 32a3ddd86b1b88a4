import { lstat, realpath } from 'node:fs/promises';
import { isAbsolute, normalize, resolve, sep } from 'node:path';
import { RowmillError } from '../../engine/errors.ts';

/**
 * The folders of this machine that triggers and schedules may name: those below the roots that its owner
 * has allowed, none where nothing is said. `{account}` in a root is the account that asks.
 */
export class FileRoots {
  readonly #roots: readonly string[];

  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  /** The folder, symbolic links resolved. Throws `usage` for one that is not allowed, or not there. */
  async folder(path: string, accountId: string): Promise<string> {
    const real = await this.#allowed(path, accountId);
    if ((await lstat(real)).isDirectory()) return real;
    throw new RowmillError('usage', `${path} is no folder`);
  }

  /** The same for a plain file. */
  async file(path: string, accountId: string): Promise<string> {
    const real = await this.#allowed(path, accountId);
    if ((await lstat(real)).isFile()) return real;
    throw new RowmillError('usage', `${path} is no plain file`);
  }

  async #allowed(path: string, accountId: string): Promise<string> {
    if (!isAbsolute(path) || normalize(path) !== path.replace(/(?<=.)\/$/, '')) {
      throw new RowmillError('usage', `${path}: expected a whole path, such as /srv/in/orders`);
    }
    const roots = this.#roots.map((root) => resolve(root.replaceAll('{account}', accountId)));
    const refused = (): RowmillError => {
      const known = roots.length === 0 ? 'it names none' : `it names ${roots.join(', ')}`;
      const message = `${path} is not below a folder that the setting fileRoots (ROWMILL_FILE_ROOTS) names: ${known}`;
      return new RowmillError('usage', message);
    };
    // First as it is written: what lies elsewhere is not even looked for.
    if (!roots.some((root) => isWithin(path, root))) throw refused();
    const real = await realpath(path).catch((cause: unknown) => {
      throw new RowmillError('usage', `${path} is not there`, { cause });
    });
    for (const root of roots) {
      const realRoot = await realpath(root).catch(() => undefined);
      if (realRoot !== undefined && isWithin(real, realRoot)) return real;
    }
    throw refused();
  }
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
