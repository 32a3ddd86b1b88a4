import type { JsonValue, ScriptOutcome } from '../ports/script-executor.ts';
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

  text(text: string): string {
    return this.#forms.reduce((result, form) => result.replaceAll(form, REDACTED), text);
  }

  /** Of a text that was cut off: what may be the beginning of a secret at its end goes too. */
  cutText(text: string): string {
    const struck = this.text(text.replace(/\uFFFD+$/, ''));
    const partial = this.#forms.map((form) => {
      for (let length = Math.min(form.length - 1, struck.length); length > 0; length -= 1) {
        if (struck.endsWith(form.slice(0, length))) return length;
      }
      return 0;
    });
    return struck.slice(0, struck.length - Math.max(0, ...partial));
  }

  json(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') {
      const text = this.text(String(value));
      return text === String(value) ? value : text;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (isList(value)) return value.map((item) => this.json(item));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.text(key), this.json(item)]),
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
      text === undefined ? undefined : this.text(text);
    return {
      ...outcome,
      result: this.json(outcome.result),
      message: maybe(message),
      error: error && {
        ...error,
        name: this.text(error.name),
        message: this.text(error.message),
        file: maybe(error.file),
        stack: maybe(error.stack),
      },
      log: outcome.log.map(({ level, message: line }) => ({ level, message: this.text(line) })),
      stdout: { ...stdout, text: this.text(stdout.text) },
      stderr: { ...stderr, text: this.text(stderr.text) },
    };
  }
}

function isList(value: readonly JsonValue[] | object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
