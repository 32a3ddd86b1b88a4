import type { TaskLog } from '../task/run-context.ts';

/** How a job of a handler stands. */
export const JOB_STATUSES = [
  'registered',
  'not started',
  'starting',
  'running',
  'failed',
  'completed',
  'removed',
  'unknown',
] as const;

export type JobStatus = (typeof JOB_STATUSES)[number];

/** What is to be run: which handler does it, with what, and where its result goes. Other fields are its own. */
export interface JobEntity {
  readonly label?: string | undefined;
  readonly type?: string | undefined;
  readonly status?: string | undefined;
  readonly triggeredBy?: string | undefined;
  /** A value, or a reference to one: `{ "address": "dmss://…" }`. */
  readonly applicationInput?: unknown;
  /** Address that the result is written to. */
  readonly outputTarget?: string | undefined;
  /** Its type says which handler. Other fields are for that. */
  readonly runner: { readonly type: string; readonly [field: string]: unknown };
  readonly started?: string | undefined;
  readonly [field: string]: unknown;
}

/** A job of a handler. A test of an author makes one of its own. */
export interface HandledJob {
  /** Id of its run: the same after a restart of the server. */
  readonly uid: string;
  readonly entity: JobEntity;
  /** What whoever started it may do elsewhere. It is never logged or shown. */
  readonly token: string | undefined;
  /** What `applicationInput` is, or refers to. */
  input(): Promise<unknown>;
  /** What is at an address, as `applicationInput` is read. */
  read(address: string): Promise<unknown>;
  /** Writes to an address, as the result is written to `outputTarget`. */
  write(address: string, content: Uint8Array): Promise<void>;
  /** What `keep` was given last, also before a restart. */
  readonly kept: unknown;
  /** Keeps a JSON value with the job, such as the name by which it is found again. */
  keep(value: unknown): Promise<void>;
  readonly log: TaskLog;
  readonly fetch: typeof globalThis.fetch;
  /** Aborted when the server ends: another goes on with `progress`. */
  readonly signal: AbortSignal;
}

/** Thrown by `start`: the work was begun, though what came back is of no use. */
export class BegunError extends Error {
  override readonly name = 'BegunError';
}

type MaybePromise<T> = T | Promise<T>;

/** A handler of jobs, as its author writes it. */
export interface HandlerDefinition {
  /** The runner types that it handles. */
  readonly supportedType: string | readonly string[];
  /** One short sentence. */
  readonly description?: string;
  /** Seconds between two looks at the progress. Default 2. */
  readonly pollSeconds?: number;
  /** Whether an entity itself says what code runs: only who administers jobs may start one then. */
  readonly runsGivenCode?: boolean;
  /** Begins the work and says so; called once. It may go on behind this call. */
  start(job: HandledJob): MaybePromise<string>;
  /**
   * Ends the work and leaves nothing of it behind: where somebody stops it, and where it is `completed` and
   * its result is kept but cannot be delivered. Not where its progress cannot be asked for: that may go on.
   */
  remove?(job: HandledJob): MaybePromise<readonly [status: JobStatus, text: string]>;
  /** Called again and again, by another server too, until it is `completed`, `failed` or `removed`. */
  progress(job: HandledJob): MaybePromise<readonly [status: JobStatus, text: string]>;
  /** Called once it is `completed`; again where it throws, or by another server, where the one before went away. */
  result(job: HandledJob): MaybePromise<readonly [text: string, content: Uint8Array]>;
  /** Called once the result is kept and delivered: what it was read from is not needed any more. */
  release?(job: HandledJob): MaybePromise<void>;
}

/** A handler, as the engine sees it. */
export interface Handler {
  readonly supportedTypes: readonly string[];
  readonly description: string;
  readonly pollMs: number;
  readonly runsGivenCode: boolean;
  /** Set where it deals with the addresses of an entity itself: then none is refused, or read for it. */
  readonly addresses?: {
    /** Whether it has seen to `outputTarget`: then the result is not written there once more. */
    readonly hasWritten: (job: HandledJob) => boolean;
  };
  readonly start: HandlerDefinition['start'];
  readonly remove: NonNullable<HandlerDefinition['remove']>;
  readonly progress: HandlerDefinition['progress'];
  readonly result: HandlerDefinition['result'];
  readonly release: NonNullable<HandlerDefinition['release']>;
}

/** Known by name in every copy of this package. */
const HANDLER = Symbol.for('rowmill.handler');

/** Defines a handler of jobs. Throws a TypeError with every fault it finds. */
export function defineHandler(definition: HandlerDefinition): Handler {
  const { supportedType, pollSeconds = 2 } = definition;
  const supportedTypes = typeof supportedType === 'string' ? [supportedType] : supportedType;
  const faults: string[] = [];
  const areTypes =
    Array.isArray(supportedTypes) &&
    supportedTypes.length > 0 &&
    supportedTypes.every((type) => typeof type === 'string' && type.trim() !== '');
  if (!areTypes)
    faults.push(`supportedType is ${JSON.stringify(supportedType)}: expected a text, or texts`);
  for (const name of ['start', 'progress', 'result'] as const) {
    if (typeof definition[name] !== 'function') faults.push(`${name} is no function`);
  }
  for (const name of ['remove', 'release'] as const) {
    if (definition[name] !== undefined && typeof definition[name] !== 'function') {
      faults.push(`${name} is no function`);
    }
  }
  if (!(typeof pollSeconds === 'number' && pollSeconds > 0 && pollSeconds <= 3_600)) {
    faults.push(
      `pollSeconds is ${JSON.stringify(pollSeconds)}: expected a number above 0, up to 3600`,
    );
  }
  if (faults.length > 0) throw new TypeError(`a handler is wrong: ${faults.join('; ')}`);
  const handler: Handler = {
    supportedTypes,
    description: definition.description ?? '',
    runsGivenCode: definition.runsGivenCode ?? false,
    pollMs: pollSeconds * 1_000,
    start: (job) => definition.start(job),
    remove: (job) => definition.remove?.(job) ?? ['removed', ''],
    progress: (job) => definition.progress(job),
    result: (job) => definition.result(job),
    release: (job) => definition.release?.(job),
  };
  return Object.freeze(Object.defineProperty(handler, HANDLER, { value: true }));
}

/** Whether an export of a module is a handler, of this copy of the package or another one. */
export function isHandler(value: unknown): value is Handler {
  return typeof value === 'object' && value !== null && HANDLER in value;
}
