import { RowmillError } from '../../errors.ts';
import type { JsonValue } from '../../task/json-value.ts';
import type { RunFacts, TaskLog, TaskSecrets } from '../../task/run-context.ts';
import { partsOfSecret, secretForms } from '../../task/secret-forms.ts';

/** Shorter ones are no secrets, and would be found in every text. */
const SHORTEST_TAKEN_OUT = 8;
const IN_ITS_PLACE = '***';

/**
 * The secrets of a run, and what takes them out of whatever a task says: those that it was given, each part
 * of one that is JSON, also where they are encoded for an address, for JSON or in base64.
 */
export class RunSecrets implements TaskSecrets {
  #source: TaskSecrets | undefined;
  readonly #given = new Set<string>();
  #forms: readonly string[] = [];

  constructor(source?: TaskSecrets) {
    this.#source = source;
  }

  /** From now on they come from here; what was given before is taken out still. */
  use(source: TaskSecrets): void {
    this.#source = source;
  }

  get(name: string): string {
    if (this.#source === undefined) throw new TypeError('secrets are asked for before the run');
    const value = this.#source.get(name);
    if (value.length >= SHORTEST_TAKEN_OUT && !this.#given.has(value)) {
      this.#given.add(value);
      this.#forms = secretForms([...this.#given].map(partsOfSecret));
    }
    return value;
  }

  /** Nothing was given: nothing can be found. */
  get isIdle(): boolean {
    return this.#forms.length === 0;
  }

  /** Whether a value has the text of one in it. */
  isIn(value: JsonValue): boolean {
    const json = JSON.stringify(value);
    return this.redact(json) !== json;
  }

  redact(text: string): string {
    let clean = text;
    for (const form of this.#forms) clean = clean.replaceAll(form, IN_ITS_PLACE);
    return clean;
  }

  /** The same for every text in a value, however deep. */
  redactIn(value: unknown): unknown {
    if (this.isIdle) return value;
    if (typeof value === 'string') return this.redact(value);
    if (typeof value === 'number') {
      const text = this.redact(String(value));
      return text === String(value) ? value : text;
    }
    if (Array.isArray(value)) return value.map((item: unknown) => this.redactIn(item));
    if (!isPlain(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, this.redactIn(item)]),
    );
  }

  /** An error that says the same without them. One that says none of them stays what it is. */
  redactError(error: unknown): unknown {
    if (this.isIdle || !(error instanceof Error)) return error;
    const message = this.redact(error.message);
    const problems = error instanceof RowmillError ? error.problems : [];
    const clean = problems.map((problem) => this.redact(problem));
    const isClean =
      message === error.message &&
      this.redact(error.stack ?? '') === (error.stack ?? '') &&
      clean.every((problem, index) => problem === problems[index]);
    if (isClean) return error;
    if (error instanceof RowmillError)
      return new RowmillError(error.code, message, { problems: clean });
    const other = new Error(message);
    other.stack = this.redact(error.stack ?? message);
    return other;
  }
}

/** Takes one text out of others; nothing where there is none. */
export function secretsOf(text = ''): RunSecrets {
  const secrets = new RunSecrets({ get: () => text });
  secrets.get('');
  return secrets;
}

/** What does not change while a run is carried out, with what takes its secrets out again. */
export interface GuardedFacts extends RunFacts {
  readonly secrets: RunSecrets;
}

/** A log that tells none of the secrets. */
export function redactedLog(log: TaskLog, secrets: RunSecrets): TaskLog {
  const line =
    (level: keyof TaskLog) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      if (secrets.isIdle) log[level](message, fields);
      else log[level](secrets.redact(message), fields && redactedFields(fields, secrets));
    };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

function redactedFields(
  fields: Readonly<Record<string, unknown>>,
  secrets: RunSecrets,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      secrets.redactIn(value instanceof Error ? String(value) : value),
    ]),
  );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
