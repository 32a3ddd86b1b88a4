import { existsSync } from 'node:fs';
import {
  access,
  constants,
  copyFile,
  link,
  mkdtemp,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { InputFile, RunFiles, WritableFile } from '../../engine/ports/run-files.ts';
import { inputError, outputError, systemCode } from './file-errors.ts';
import { LocalInput } from './local-input.ts';
import { LocalOutput } from './local-output.ts';
import { isSameFile } from './same-file.ts';
import { StandardInput, WHOLE } from './standard-input.ts';
import { StandardOutput } from './standard-output.ts';
import { copyAsUtf8, type Utf8Copy } from './utf8-copy-file.ts';

/** Links behind each other that are followed; more are a circle. */
const MAX_LINKS = 40;

/** Why a file system makes no second name: it knows none, it is another one, there are too many. */
const NO_LINK: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK']);

/**
 * Gives a name to a file all the same: where it has that name already, an earlier attempt went away behind
 * it; where it is another's, or none can be made, it is replaced whole.
 */
async function replace(path: string, newPath: string, why: unknown): Promise<void> {
  const isTaken = systemCode(why) === 'EEXIST';
  if (!isTaken && !NO_LINK.has(systemCode(why))) throw why;
  if (isTaken && (await isSameFile(path, newPath))) return;
  const temporary = `${newPath}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  if (isTaken) await link(path, temporary).catch(() => copyFile(path, temporary));
  else await copyFile(path, temporary);
  await rename(temporary, newPath);
}

/** Files on this machine, and the standard streams of a process. */
export class LocalRunFiles implements RunFiles {
  readonly #stdin: Readable;
  readonly #stdout: Writable;

  constructor({ stdin, stdout }: { readonly stdin: Readable; readonly stdout: Writable }) {
    this.#stdin = stdin;
    this.#stdout = stdout;
  }

  openInput(path: string): Promise<InputFile> {
    return LocalInput.open(path);
  }

  openStandardInput(spoolPath: string | undefined): Promise<InputFile> {
    return StandardInput.open(this.#stdin, spoolPath);
  }

  isSpoolWhole(spoolPath: string): Promise<boolean> {
    return Promise.resolve(existsSync(`${spoolPath}${WHOLE}`));
  }

  copyAsUtf8(
    input: InputFile,
    path: string,
    options: { readonly encoding: string | undefined; readonly delimiter?: string | undefined },
  ): Promise<Utf8Copy> {
    return copyAsUtf8(input, path, options);
  }

  async link(path: string, newPath: string): Promise<void> {
    try {
      await link(path, newPath).catch((error: unknown) => replace(path, newPath, error));
      const folder = await open(dirname(newPath), 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    } catch (error) {
      throw outputError(newPath, error);
    }
  }

  async makeTemporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
    const path = await mkdtemp(join(tmpdir(), 'rowmill-'));
    return { path, remove: () => rm(path, { recursive: true, force: true }) };
  }

  openOutput(
    path: string,
    keepBytes: number,
    confirm?: () => Promise<void>,
  ): Promise<WritableFile> {
    return LocalOutput.open(path, keepBytes, confirm);
  }

  openStandardOutput(): WritableFile {
    return new StandardOutput(this.#stdout);
  }

  async refuseUnwritable(path: string): Promise<void> {
    try {
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) {
        await access(dirname(resolve(path)), constants.W_OK | constants.X_OK);
      } else if (found.isDirectory()) {
        throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR' });
      } else {
        await access(path, constants.W_OK);
      }
    } catch (error) {
      throw outputError(path, error);
    }
  }

  async hasContent(path: string): Promise<boolean> {
    const found = await stat(path).catch(() => undefined);
    return found !== undefined && found.size > 0;
  }

  async readText(path: string): Promise<string | undefined> {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw inputError(path, error);
    }
  }

  async identityOf(path: string): Promise<string | undefined> {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    if (found === undefined) return this.realPath(path);
    return found.isFile() ? `${found.dev}:${found.ino}` : undefined;
  }

  async realPath(path: string, links = 0): Promise<string> {
    try {
      return await realpath(path);
    } catch {
      // Not there yet: what it links to may come, and its folder may be there, and may be a link.
      const target = await readlink(path).catch(() => undefined);
      if (target !== undefined && links < MAX_LINKS) {
        return this.realPath(resolve(dirname(path), target), links + 1);
      }
      const folder = await realpath(dirname(resolve(path))).catch(() => dirname(resolve(path)));
      return join(folder, basename(path));
    }
  }
}
