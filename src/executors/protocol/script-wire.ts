import type {
  ScriptCall,
  ScriptError,
  ScriptLimitName,
  ScriptLogLevel,
} from '../../engine/ports/script-executor.ts';
import type { JsonValue } from '../../engine/task/json-value.ts';
import { depthProblem } from '../../engine/task/json-bounds.ts';
import { SCRIPT_LOG_LEVELS } from '../../engine/ports/script-executor.ts';

// The protocol between an executor and the program that executes a script: docs/executors.md says it to
// people. JSON, one message a line; wire words are snake_case and only this file knows both.

const PROTOCOL_VERSION = 1;
const LONGEST_SHOWN = 200;
/** The program reads messages here, … */
export const PROGRAM_INPUT = 3;
/** … and writes its own here. */
export const PROGRAM_OUTPUT = 4;

type WireFile =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly base64: string };

/** The first message to a program. */
export interface StartMessage {
  readonly type: 'start';
  readonly protocol: typeof PROTOCOL_VERSION;
  readonly language: string;
  /** Where the program lays the files out, and what it may write to. */
  readonly folder: string;
  readonly files: readonly WireFile[];
  readonly entry: string;
  readonly class_name: string | null;
  readonly event: JsonValue;
  readonly secrets: Readonly<Record<string, JsonValue>>;
  readonly log_level: ScriptLogLevel;
  /** Where messages share a stream with what is printed: what each piece of one begins with (marked-output.ts). */
  readonly mark: string | null;
  /** Whether nobody reads before it has ended: storage is refused, and the end of the input says nothing. */
  readonly is_detached: boolean;
}

/** The first message to the program of a call. `folder`: where it may write. */
export function startMessage(
  { bundle, event, secrets, logLevel }: ScriptCall,
  {
    folder,
    mark = null,
    isDetached = false,
  }: {
    readonly folder: string;
    readonly mark?: string | null;
    readonly isDetached?: boolean;
  },
): StartMessage {
  return {
    type: 'start',
    protocol: PROTOCOL_VERSION,
    language: bundle.language,
    folder,
    files: bundle.files.map(({ path, content }): WireFile =>
      typeof content === 'string'
        ? { path, text: content }
        : { path, base64: Buffer.from(content).toString('base64') },
    ),
    entry: bundle.entry,
    class_name: bundle.className ?? null,
    event,
    secrets,
    log_level: logLevel,
    mark,
    is_detached: isDetached,
  };
}

/** What the storage, or an SFTP server, answers. */
export interface Answer {
  /**
   * Of the storage: what get found, the keys of list, whether delete and compare_and_set did something; null
   * of set. Of an SFTP server: what read found, in Base64, the entries of list, whether delete did something,
   * exists; null of write and rename.
   */
  readonly value: JsonValue;
  /** Of get: whether anything is stored under the key. */
  readonly found?: boolean | undefined;
}

export type ReplyMessage =
  | ({ readonly type: 'reply'; readonly id: number } & Answer)
  | { readonly type: 'reply'; readonly id: number; readonly error: string };

interface AbortMessage {
  readonly type: 'abort';
  readonly reason: string;
}

export type ToProgram = StartMessage | ReplyMessage | AbortMessage;

/** Something a program asks of the job's storage. */
export interface StorageRequest {
  readonly type: 'storage';
  readonly id: number;
  readonly operation: 'get' | 'set' | 'delete' | 'list' | 'compare_and_set';
  /** The prefix of a list. */
  readonly key: string;
  readonly value?: JsonValue | undefined;
  /** Of compare_and_set; absent: when nothing is stored. */
  readonly expected?: JsonValue | undefined;
  /** Of set and compare_and_set: in how many seconds the value expires; absent: never. */
  readonly ttl?: number | undefined;
}

/** Something a program asks of an SFTP server that its job may use. */
export interface SftpRequest {
  readonly type: 'sftp';
  readonly id: number;
  readonly connection: string;
  readonly operation: 'read' | 'write' | 'list' | 'rename' | 'delete' | 'exists';
  /** Below the root of the connection. */
  readonly path: string;
  /** Of rename. */
  readonly to?: string | undefined;
  /** Of write: the content in Base64. */
  readonly data?: string | undefined;
}

interface LogMessage {
  readonly type: 'log';
  readonly level: ScriptLogLevel;
  readonly message: string;
}

/** The last message of a program. */
export interface ResultMessage {
  readonly type: 'result';
  readonly code: 'success' | 'idle' | 'error';
  readonly result?: JsonValue | undefined;
  /** Of an idle one. */
  readonly message?: string | undefined;
  readonly error?: ScriptError | undefined;
  /** The limit whose error the script met. */
  readonly limit?: ScriptLimitName | undefined;
}

export type FromProgram = StorageRequest | SftpRequest | LogMessage | ResultMessage;

/** A message on its way to a program. */
export function encodeMessage(message: ToProgram): string {
  return `${JSON.stringify(message)}\n`;
}

/** A line that a program wrote: the script can have written it too, so nothing in it is believed. */
export function readMessage(line: string): FromProgram {
  const message = JSON.parse(line) as JsonValue;
  if (!isObject(message)) throw new TypeError('expected a JSON object');
  const type = oneOf(['storage', 'sftp', 'log', 'result'], message, 'type');
  switch (type) {
    case 'storage':
      return readStorageRequest(message);
    case 'sftp':
      return readSftpRequest(message);
    case 'log':
      return {
        type,
        level: oneOf(SCRIPT_LOG_LEVELS, message, 'level'),
        message: textOf(message, 'message'),
      };
    case 'result':
      return readResult(message);
  }
}

type JsonObject = Readonly<Record<string, JsonValue>>;

const OPERATIONS = ['get', 'set', 'delete', 'list', 'compare_and_set'] as const;

function readStorageRequest(message: JsonObject): StorageRequest {
  const { id, value, expected, ttl = null } = message;
  if (typeof id !== 'number') throw new TypeError('id: expected a number');
  const operation = oneOf(OPERATIONS, message, 'operation');
  if (value === undefined && (operation === 'set' || operation === 'compare_and_set')) {
    throw new TypeError(`value: missing, ${operation} needs one`);
  }
  if (ttl !== null && typeof ttl !== 'number') {
    throw new TypeError(`ttl: ${shown(ttl)}; expected seconds`);
  }
  const key = textOf(message, 'key');
  return { type: 'storage', id, operation, key, value, expected, ttl: ttl ?? undefined };
}

const SFTP_OPERATIONS = ['read', 'write', 'list', 'rename', 'delete', 'exists'] as const;

function readSftpRequest(message: JsonObject): SftpRequest {
  const { id } = message;
  if (typeof id !== 'number') throw new TypeError('id: expected a number');
  const operation = oneOf(SFTP_OPERATIONS, message, 'operation');
  return {
    type: 'sftp',
    id,
    connection: textOf(message, 'connection'),
    operation,
    path: textOf(message, 'path'),
    to: operation === 'rename' ? textOf(message, 'to') : undefined,
    data: operation === 'write' ? textOf(message, 'data') : undefined,
  };
}

const RESULT_CODES = ['success', 'idle', 'error'] as const;
const LIMITS_MET = ['memory', 'processes', 'folder'] as const;

function readResult(message: JsonObject): ResultMessage {
  const { result, message: text, error, limit } = message;
  const problem = depthProblem(result);
  if (problem !== undefined) throw new TypeError(`result: ${problem}`);
  return {
    type: 'result',
    code: oneOf(RESULT_CODES, message, 'code'),
    result,
    message: typeof text === 'string' ? text : undefined,
    error: isObject(error) ? readError(error) : undefined,
    limit: limit === undefined || limit === null ? undefined : oneOf(LIMITS_MET, message, 'limit'),
  };
}

function readError(error: JsonObject): ScriptError {
  const text = (name: string): string | undefined => {
    const value = error[name];
    return typeof value === 'string' ? value : undefined;
  };
  const place = (name: string): number | undefined => {
    const value = error[name];
    return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
  };
  return {
    name: text('name') ?? 'Error',
    message: text('message') ?? '',
    file: text('file'),
    line: place('line'),
    column: place('column'),
    stack: text('stack'),
  };
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(message: JsonObject, name: string): string {
  const value = message[name];
  if (typeof value !== 'string') throw new TypeError(`${name}: expected a string`);
  return value;
}

function oneOf<Word extends string>(
  words: readonly Word[],
  message: JsonObject,
  name: string,
): Word {
  const found = words.find((word) => word === message[name]);
  if (found !== undefined) return found;
  throw new TypeError(`${name}: ${shown(message[name])}; expected ${words.join(', ')}`);
}

/** Never a part of it: that could be the beginning of a secret. */
function shown(value: JsonValue | undefined): string {
  if (value === undefined) return 'missing';
  const json = JSON.stringify(value);
  return json.length <= LONGEST_SHOWN ? json : `${json.length} characters`;
}
