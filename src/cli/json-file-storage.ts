import { readFile, rename, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, RowmillError } from '../engine/errors.ts';
import { checkStorageKey, checkStorageTtl, storageText } from '../engine/jobs/storage-limits.ts';
import type { JsonValue } from '../engine/task/json-value.ts';
import type { KeyValueStorage } from '../engine/task/run-resources.ts';

/** In the file: when each value that expires does, in ms since 1970. A script has no such key. */
const ENDS = '/expires';

type Change = Parameters<KeyValueStorage['compareAndSet']>[1];

/**
 * The storage of a script that is tried on the command line: one JSON object, in a file or in memory. It
 * takes what that of a server takes.
 */
export class JsonFileStorage implements KeyValueStorage {
  readonly #path: string | undefined;
  readonly #values: Map<string, JsonValue>;
  readonly #ends: Map<string, number>;

  private constructor(path: string | undefined, content: Readonly<Record<string, JsonValue>> = {}) {
    const { [ENDS]: ends = {}, ...values } = content;
    this.#path = path;
    this.#values = new Map(Object.entries(values));
    this.#ends = new Map(
      Object.entries(typeof ends === 'object' && ends !== null ? ends : {}).flatMap(
        ([key, end]: [string, unknown]) => (typeof end === 'number' ? [[key, end] as const] : []),
      ),
    );
  }

  /** A file that is not there yet is made at the first change. Without a path nothing is kept. */
  static async open(path: string | undefined): Promise<JsonFileStorage> {
    if (path === undefined) return new JsonFileStorage(path);
    let content: unknown;
    try {
      content = JSON.parse(await readFile(path, 'utf8'));
    } catch (cause) {
      const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
      if (isMissing) return new JsonFileStorage(path);
      throw new RowmillError('usage', `--storage ${path}: ${messageOf(cause)}`, { cause });
    }
    if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      throw new RowmillError('usage', `--storage ${path}: expected a JSON object`);
    }
    return new JsonFileStorage(path, { ...content });
  }

  async get(key: string): Promise<JsonValue | undefined> {
    return this.#hasExpired(key) ? undefined : this.#values.get(key);
  }

  async set(
    key: string,
    value: JsonValue,
    { ttlSeconds }: { readonly ttlSeconds?: number | undefined } = {},
  ): Promise<void> {
    checkStorageKey(key);
    checkStorageTtl(key, ttlSeconds);
    storageText(key, value);
    this.#values.set(key, value);
    this.#ends.delete(key);
    if (ttlSeconds !== undefined) this.#ends.set(key, Date.now() + ttlSeconds * 1_000);
    await this.#save();
  }

  async delete(key: string): Promise<boolean> {
    const isThere = (await this.get(key)) !== undefined;
    this.#values.delete(key);
    if (isThere) await this.#save();
    return isThere;
  }

  async list(prefix: string): Promise<readonly string[]> {
    return [...this.#values.keys()]
      .filter((key) => key.startsWith(prefix) && !this.#hasExpired(key))
      .sort();
  }

  async compareAndSet(key: string, { expected, value, ttlSeconds }: Change): Promise<boolean> {
    if (!isDeepStrictEqual(await this.get(key), expected)) return false;
    await this.set(key, value, { ttlSeconds });
    return true;
  }

  #hasExpired(key: string): boolean {
    return (this.#ends.get(key) ?? Number.POSITIVE_INFINITY) <= Date.now();
  }

  /** Whole or not at all. */
  async #save(): Promise<void> {
    const values = [...this.#values].filter(([key]) => !this.#hasExpired(key));
    const ends = [...this.#ends].filter(([key]) => values.some(([name]) => name === key));
    if (this.#path === undefined) return;
    const temporary = `${this.#path}.${process.pid}.tmp`;
    const content = {
      ...Object.fromEntries(values),
      ...(ends.length === 0 ? {} : { [ENDS]: Object.fromEntries(ends) }),
    };
    await writeFile(temporary, `${JSON.stringify(content, undefined, 2)}\n`);
    await rename(temporary, this.#path);
  }
}
