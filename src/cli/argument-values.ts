import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, RowmillError } from '../engine/errors.ts';
import { argumentsSchema, type JsonSchema } from '../engine/task/help.ts';
import { holdsSecret, secretName } from '../engine/task/secret-names.ts';
import type { Task } from '../engine/task/task.ts';
import type { ArgumentFlags } from './run-flags.ts';

/**
 * The arguments as the task's schema will see them: those of the file, and over them those of `--arg`,
 * which are text unless the schema says number, boolean, array or object. A secret is refused, wherever
 * it comes from: arguments are stored with the run in clear, and a command line is seen by other users.
 */
export async function taskArguments(
  task: Task,
  flags: ArgumentFlags,
  place: ArgumentPlace,
): Promise<Readonly<Record<string, unknown>>> {
  const all = await givenArguments(argumentsSchema(task), flags, place);
  if (task.argumentsSchema === undefined && Object.keys(all).length > 0) {
    throw new RowmillError(
      'usage',
      `${task.name} takes no arguments, but ${Object.keys(all).join(', ')} given`,
    );
  }
  return all;
}

/** Where files of arguments are looked for, and who is told what is odd. */
interface ArgumentPlace {
  readonly workingDirectory: string;
  readonly warn: (message: string) => void;
}

/** The same by a schema, or without one: whether they fit is for others to say. */
export async function givenArguments(
  schema: JsonSchema | undefined,
  { arg = {}, argsFile }: ArgumentFlags,
  { workingDirectory, warn }: ArgumentPlace,
): Promise<Readonly<Record<string, unknown>>> {
  const given = Object.entries(arg).map(
    ([name, value]) => [name, typed(name, value, schema)] as const,
  );
  const fromFile =
    argsFile === undefined ? {} : await readArgumentsFile(resolve(workingDirectory, argsFile));
  for (const [name, value] of Object.entries(arg))
    keepSecretOut(`--arg ${name}`, { name, value, warn });
  for (const [name, value] of Object.entries(fromFile)) {
    keepSecretOut(`${name} in --args-file`, { name, value, warn });
  }
  return Object.fromEntries([...Object.entries(fromFile), ...given]);
}

/** Refuses an argument whose name says that it is a secret, and warns of a password in an address. */
function keepSecretOut(
  where: string,
  { name, value, warn }: { name: string; value: unknown; warn: (message: string) => void },
): void {
  const held = holdsSecret(name, value);
  const variable = `ROWMILL_SECRET_${secretName(name)}`;
  if (held === 'by_name') {
    throw new RowmillError(
      'usage',
      `${where} is a secret by its name, and arguments are stored with the run in clear: set the environment variable ${variable}; the task gets it by {{secret:NAME}} in a template, or run.secrets.get('${name}')`,
    );
  }
  if (held === 'in_address') {
    warn(
      `${where} holds a password, which is stored with the run in clear: set ROWMILL_SECRET_NAME and write {{secret:NAME}} in its place, where the task takes that`,
    );
  }
}

async function readArgumentsFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  const refuse = (why: string, cause: unknown): RowmillError =>
    new RowmillError('usage', `--args-file ${path}${why}`, { cause });
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === undefined ? undefined : UNREADABLE[cause.code];
    throw refuse(why ?? ` cannot be read: ${messageOf(cause)}`, cause);
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw refuse(`: ${messageOf(cause)}`, cause);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new RowmillError(
      'usage',
      `--args-file ${path}: expected a JSON object, such as {"factor": 2}`,
    );
  }
  return content as Readonly<Record<string, unknown>>;
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: ': there is no such file',
  ENOTDIR: ': there is no such file',
  EISDIR: ' is a folder: expected a JSON file',
  EACCES: ': reading it is not permitted',
};

/** What a text on the command line means to a schema. Left as text where it is not what was asked for: the schema says it best. */
function typed(name: string, value: string, schema: JsonSchema | undefined): unknown {
  const properties = schema?.['properties'] as Readonly<Record<string, JsonSchema>> | undefined;
  const type =
    properties !== undefined && Object.hasOwn(properties, name)
      ? properties[name]?.['type']
      : undefined;
  if (type === 'number' || type === 'integer') {
    const number = Number(value);
    return value.trim() === '' || Number.isNaN(number) ? value : number;
  }
  if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
  if (type !== 'array' && type !== 'object') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
