import { readFile, rename, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, RowmillError } from '../engine/errors.ts';
import type { JsonValue, ScriptStorage } from '../engine/ports/script-executor.ts';

/** The storage of a script that is tried on the command line: one JSON object, in a file or in memory. */
export class JsonFileStorage implements ScriptStorage {
  readonly #path: string | undefined;
  readonly #values: Map<string, JsonValue>;

  private constructor(path: string | undefined, values: Map<string, JsonValue>) {
    this.#path = path;
    this.#values = values;
  }

  /** A file that is not there yet is made at the first change. Without a path nothing is kept. */
  static async open(path: string | undefined): Promise<JsonFileStorage> {
    if (path === undefined) return new JsonFileStorage(path, new Map());
    let content: unknown;
    try {
      content = JSON.parse(await readFile(path, 'utf8'));
    } catch (cause) {
      const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
      if (isMissing) return new JsonFileStorage(path, new Map());
      throw new RowmillError('usage', `--storage ${path}: ${messageOf(cause)}`, { cause });
    }
    if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      throw new RowmillError('usage', `--storage ${path}: expected a JSON object`);
    }
    return new JsonFileStorage(path, new Map(Object.entries(content)));
  }

  async get(key: string): Promise<JsonValue | undefined> {
    return this.#values.get(key);
  }

  async set(key: string, value: JsonValue): Promise<void> {
    this.#values.set(key, value);
    await this.#save();
  }

  async delete(key: string): Promise<boolean> {
    const isThere = this.#values.delete(key);
    if (isThere) await this.#save();
    return isThere;
  }

  async list(prefix: string): Promise<readonly string[]> {
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async compareAndSet(
    key: string,
    { expected, value }: { readonly expected: JsonValue | undefined; readonly value: JsonValue },
  ): Promise<boolean> {
    if (!isDeepStrictEqual(this.#values.get(key), expected)) return false;
    await this.set(key, value);
    return true;
  }

  /** Whole or not at all. */
  async #save(): Promise<void> {
    if (this.#path === undefined) return;
    const temporary = `${this.#path}.${process.pid}.tmp`;
    await writeFile(
      temporary,
      `${JSON.stringify(Object.fromEntries(this.#values), undefined, 2)}\n`,
    );
    await rename(temporary, this.#path);
  }
}
