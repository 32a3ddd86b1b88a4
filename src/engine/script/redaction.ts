import type { ScriptOutcome } from '../ports/script-executor.ts';
import type { JsonValue } from '../task/json-value.ts';
import { partsOfSecret, secretForms } from '../task/secret-forms.ts';

const REDACTED = '[secret]';

/** Strikes the texts of secrets from whatever a script gives. */
export class Redaction {
  readonly #forms: readonly string[];

  constructor(secrets: Readonly<Record<string, JsonValue>>) {
    // A text that is JSON is read by the script, and its parts are as secret.
    const parts = Object.values(secrets).map((secret) =>
      typeof secret === 'string' ? partsOfSecret(secret) : secret,
    );
    this.#forms = secretForms(parts);
  }

  redact(text: string): string {
    return this.#forms.reduce((result, form) => result.replaceAll(form, REDACTED), text);
  }

  /** Of a text that was cut off: what may be the beginning of a secret at its end goes too. */
  cutText(text: string): string {
    const struck = this.redact(text.replace(/\uFFFD+$/, ''));
    const partial = this.#forms.map((form) => {
      for (let length = Math.min(form.length - 1, struck.length); length > 0; length -= 1) {
        if (struck.endsWith(form.slice(0, length))) return length;
      }
      return 0;
    });
    return struck.slice(0, struck.length - Math.max(0, ...partial));
  }

  json(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.redact(value);
    if (typeof value === 'number') {
      const text = this.redact(String(value));
      return text === String(value) ? value : text;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (isList(value)) return value.map((item) => this.json(item));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.redact(key), this.json(item)]),
    );
  }

  /** Whether a value has the text of a secret in it. */
  isIn(value: JsonValue): boolean {
    return JSON.stringify(this.json(value)) !== JSON.stringify(value);
  }

  /** What came of an execution, whichever executor it was. */
  outcome(outcome: ScriptOutcome): ScriptOutcome {
    const { error, message, stdout, stderr } = outcome;
    const maybe = (text: string | undefined): string | undefined =>
      text === undefined ? undefined : this.redact(text);
    return {
      ...outcome,
      result: this.json(outcome.result),
      message: maybe(message),
      error: error && {
        ...error,
        name: this.redact(error.name),
        message: this.redact(error.message),
        file: maybe(error.file),
        stack: maybe(error.stack),
      },
      log: outcome.log.map(({ level, message: line }) => ({ level, message: this.redact(line) })),
      stdout: { ...stdout, text: this.redact(stdout.text) },
      stderr: { ...stderr, text: this.redact(stderr.text) },
    };
  }
}

function isList(value: readonly JsonValue[] | object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
