import { z } from 'zod';
import { RETRIED_ROWS } from '../../engine/run/run-service.ts';
import { startAt } from '../created-run.ts';
import { ApiProblem } from '../problem.ts';
import { DraftId } from '../wire/draft-wire.ts';
import { ReadOptions, runOptionsQuery } from '../wire/run-options-wire.ts';
import { parseJson } from './read-json.ts';
import type { Upload } from './upload.ts';
import { checked } from './upload-fields.ts';

/** Columns are those of the run: nothing is to be mapped. */
const FixedOptions = ReadOptions.omit({ map: true, set: true });

const rows = z.enum(RETRIED_ROWS).optional().meta({
  description:
    'Which rows are done again as they are: `failed` (also what a file is of), `unprocessed`, whose turn never came, or `both`',
});
const draft = DraftId.optional().meta({ description: 'The draft that has the fixed rows' });
const newCodeMeta = { description: 'Also where the code of the task has changed since' };
const flag = z.enum(['true', 'false']);

/** What may be said of a retry in the query. */
export const retryQuery = {
  rows,
  draft,
  start: flag.optional(),
  start_at: startAt,
  accept_new_code: flag.optional().meta(newCodeMeta),
  delimiter: runOptionsQuery.delimiter,
  quote: runOptionsQuery.quote,
  escape: runOptionsQuery.escape,
  encoding: runOptionsQuery.encoding,
  skip_lines: runOptionsQuery.skip_lines,
};

/** The same in a JSON body. */
const Fields = z.strictObject({
  rows,
  draft,
  start: z.boolean().optional(),
  start_at: startAt,
  accept_new_code: z.boolean().optional().meta(newCodeMeta),
  options: FixedOptions.optional().meta({ description: 'How the file is read' }),
});

export const RetryBody = Fields.extend({
  records: z
    .array(z.record(z.string(), z.unknown()))
    .optional()
    .meta({ description: 'The fixed rows, each with its number in `_row`' }),
}).meta({ id: 'Retry' });

/** The same in a form. */
export const retryForm = z.object({
  rows,
  start: flag.optional(),
  start_at: startAt,
  accept_new_code: flag.optional(),
  options: z.string().optional().meta({ description: 'A JSON object of ReadOptions' }),
});

export type RetryQuery = z.output<z.ZodObject<typeof retryQuery>>;
export type RetryWords = z.output<typeof Fields>;

/** Query and fields together; where both say something, the query has the last word. */
export function retryWords(
  { start, accept_new_code, delimiter, quote, escape, encoding, skip_lines, ...query }: RetryQuery,
  upload: Upload,
): RetryWords {
  const said = checked(Fields, jsonFields(upload.fields), 'body');
  const asked = { delimiter, quote, escape, encoding: encoding ?? upload.encoding, skip_lines };
  const words = {
    ...said,
    ...known({ ...query, start: isTrue(start), accept_new_code: isTrue(accept_new_code) }),
    options: { ...said.options, ...known(asked) },
  };
  const hasFile = upload.file !== undefined || words.draft !== undefined;
  if (upload.file !== undefined && words.draft !== undefined) {
    throw new ApiProblem('bad_request', 'draft: the request has a file itself: send one of them');
  }
  if (hasFile && words.rows !== undefined && words.rows !== 'failed') {
    throw new ApiProblem(
      'bad_request',
      `rows: ${words.rows} are done again as they are: send no file with them`,
    );
  }
  return words;
}

/** In a form everything is text. */
function jsonFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { options, start, accept_new_code: accepts } = fields;
  return {
    ...fields,
    ...(typeof options === 'string' ? { options: parseJson(options, 'body.options') } : {}),
    ...(isFlag(start) ? { start: isTrue(start) } : {}),
    ...(isFlag(accepts) ? { accept_new_code: isTrue(accepts) } : {}),
  };
}

function isFlag(value: unknown): value is 'true' | 'false' {
  return value === 'true' || value === 'false';
}

function isTrue(text: 'true' | 'false' | undefined): boolean | undefined {
  return text === undefined ? undefined : text === 'true';
}

function known<Words extends object>(words: Words): Partial<Words> {
  const said = Object.entries(words).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as Partial<Words>; // with less in it
}
