import type { JsonObject } from '../jobs/job-definition.ts';

/** Checks values by JSON Schema (draft 2020-12). */
export interface JsonSchemas {
  /** What is wrong with a schema itself; undefined where it can be used. */
  faultOf(schema: JsonObject): string | undefined;
  /** Everything in a value that a schema does not allow, each with its place. */
  problemsOf(schema: JsonObject, value: unknown): readonly string[];
}
