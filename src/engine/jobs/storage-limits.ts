import { RowmillError } from '../errors.ts';
import type { JsonValue } from '../task/json-value.ts';

/** What one job can keep. */
export const STORAGE_LIMITS = {
  keyCharacters: 200,
  /** Of the JSON of one value. */
  valueBytes: 256 * 1024,
  keys: 10_000,
  /** Of all values together. */
  bytes: 64 * 1024 * 1024,
  ttlSeconds: 10 * 366 * 24 * 60 * 60,
} as const;

/** A key can stand in an address as it is. */
export const STORAGE_KEY = /^(?!\.{1,2}$)[^\p{C}/\\]{1,200}$/u;
export const STORAGE_KEY_RULE = `expected 1 to ${STORAGE_LIMITS.keyCharacters} characters, none of them / or \\ or one that is not seen`;

/** Throws `arguments_invalid` for a key that nothing can be kept under. */
export function checkStorageKey(key: string): void {
  if (!STORAGE_KEY.test(key)) throw refusal(key, STORAGE_KEY_RULE);
}

/** Throws `arguments_invalid` for a time that is none. */
export function checkStorageTtl(key: string, ttlSeconds: number | undefined): void {
  if (ttlSeconds === undefined) return;
  if (ttlSeconds > 0 && ttlSeconds <= STORAGE_LIMITS.ttlSeconds) return;
  const rule = `expected more than 0 and at most ${STORAGE_LIMITS.ttlSeconds} seconds`;
  throw refusal(key, `it is to expire in ${ttlSeconds} s: ${rule}`);
}

/** The JSON of a value. Throws `arguments_invalid` for one that is too large. */
export function storageText(
  key: string,
  value: JsonValue,
): { readonly text: string; readonly bytes: number } {
  const text = jsonOf(key, value);
  const bytes = Buffer.byteLength(text);
  if (bytes <= STORAGE_LIMITS.valueBytes) return { text, bytes };
  throw refusal(key, `its value has ${bytes} bytes, more than ${STORAGE_LIMITS.valueBytes}`);
}

/** Throws `arguments_invalid` where a job keeps more than it can. */
export function checkStorageSize(
  key: string,
  all: { readonly keys: number; readonly bytes: number },
): void {
  if (all.keys > STORAGE_LIMITS.keys) {
    throw refusal(key, `the job keeps ${STORAGE_LIMITS.keys} values, and no more: delete some`);
  }
  if (all.bytes > STORAGE_LIMITS.bytes) {
    const rule = `all values of a job have ${STORAGE_LIMITS.bytes} bytes at most`;
    throw refusal(key, `with it they would have ${all.bytes}: ${rule}`);
  }
}

function jsonOf(key: string, value: JsonValue): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw refusal(key, 'its value is nested too deep');
  }
}

function refusal(key: string, problem: string): RowmillError {
  const shown = key.length > 100 ? `${key.slice(0, 100)}…` : key;
  return new RowmillError('arguments_invalid', `storage key ${JSON.stringify(shown)}: ${problem}`);
}
