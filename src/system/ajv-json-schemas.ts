import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { messageOf } from '../engine/errors.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';
import type { JsonSchemas } from '../engine/ports/json-schemas.ts';

/** Compiled schemas that are kept: compiling one takes a millisecond. */
const MOST_KEPT = 200;

/** JSON Schema by Ajv. */
export class AjvJsonSchemas implements JsonSchemas {
  readonly #kept = new Map<string, ValidateFunction>();

  faultOf(schema: JsonObject): string | undefined {
    try {
      this.#compiled(schema);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  problemsOf(schema: JsonObject, value: unknown): readonly string[] {
    const validate = this.#compiled(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message = 'is not allowed', params }) => {
      const place = instancePath.slice(1).replaceAll('/', '.');
      const extra =
        'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : '';
      return `${place === '' ? '' : `${place} `}${message}${extra}`;
    });
  }

  #compiled(schema: JsonObject): ValidateFunction {
    const text = JSON.stringify(schema);
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    // One for each: an $id may come again in another schema.
    const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true, logger: false }));
    const validate = ajv.compile(schema);
    if ('$async' in validate) throw new Error('$async is not possible here');
    if (this.#kept.size >= MOST_KEPT) this.#kept.delete([...this.#kept.keys()][0] ?? '');
    this.#kept.set(text, validate);
    return validate;
  }
}
