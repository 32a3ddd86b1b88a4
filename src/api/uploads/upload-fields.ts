import { z, type ZodType } from 'zod';
import { ApiProblem } from '../problem.ts';
import { runOptionsQuery, RunOptions, type RunOptionsWire } from '../wire/run-options-wire.ts';
import { parseJson } from './read-json.ts';
import type { Upload } from './upload.ts';

const FileName = z.string().min(1).max(255);
const Arguments = z.record(z.string(), z.unknown());

/** What may be said of a file in the query. */
export const uploadQuery = {
  file_name: FileName.optional().meta({ description: 'Name of the file, as people know it' }),
  arguments: z.string().optional().meta({ description: 'Arguments of the task, a JSON object' }),
  options: z.string().optional().meta({ description: 'Options of the run, a JSON object' }),
  ...runOptionsQuery,
};

/** The same beside the file, as fields of the form or of the JSON body. */
const Fields = z.strictObject({
  task: z.string().optional(),
  file_name: FileName.optional(),
  arguments: Arguments.optional(),
  options: RunOptions.optional(),
});

/** What a form may have beside its file. */
export const uploadForm = z.object({
  task: z.string().optional(),
  file_name: FileName.optional(),
  arguments: z.string().optional().meta({ description: 'A JSON object' }),
  options: z.string().optional().meta({ description: 'A JSON object of RunOptions' }),
});

/** What was said of a file, wherever it was said. */
export interface UploadWords {
  readonly task: string | undefined;
  readonly fileName: string | undefined;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly options: RunOptionsWire;
}

export type UploadQuery = z.output<z.ZodObject<typeof uploadQuery>> & {
  readonly task?: string | undefined;
};

/** Query and fields together; where both say something, the query has the last word. */
export function uploadWords(
  query: UploadQuery,
  { fields, fileName, encoding }: Upload,
): UploadWords {
  const said = checked(
    Fields,
    { ...fields, ...jsonTexts(fields, ['arguments', 'options'], 'body') },
    'body',
  );
  const { task, file_name, arguments: _arguments, options: _options, ...single } = query;
  const json = jsonTexts(query, ['arguments', 'options'], 'query');
  const asked = checked(Fields, json, 'query');
  const options = {
    ...(encoding === undefined ? {} : { encoding }),
    ...said.options,
    ...asked.options,
    ...only(single),
  };
  return {
    task: task ?? said.task,
    fileName: file_name ?? said.file_name ?? fileName?.slice(-255),
    arguments: { ...said.arguments, ...asked.arguments },
    options: checked(RunOptions, options, 'options'),
  };
}

/** The options of a query: all of it that is one, and was said. */
function only(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query).filter(
      ([name, value]) => Object.hasOwn(runOptionsQuery, name) && value !== undefined,
    ),
  );
}

/** In a form and in a query a JSON object is a text. */
function jsonTexts(
  fields: Readonly<Record<string, unknown>>,
  names: readonly string[],
  part: string,
): Record<string, unknown> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = fields[name];
      return typeof text === 'string' ? [[name, parseJson(text, `${part}.${name}`)]] : [];
    }),
  );
}

export function checked<Shape extends ZodType>(
  schema: Shape,
  given: unknown,
  part: string,
): z.output<Shape> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const details = result.error.issues.map(({ path, message }) => ({
    at: [part, ...path].join('.'),
    message,
  }));
  const message = details.map(({ at, message: said }) => `${at}: ${said}`).join('; ');
  throw new ApiProblem('bad_request', message, { details });
}
