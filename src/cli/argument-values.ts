import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, RowmillError } from '../engine/errors.ts';
import { argumentsSchema, type JsonSchema } from '../engine/task/help.ts';
import type { Task } from '../engine/task/task.ts';
import type { ArgumentFlags } from './run-flags.ts';

const SECRET_NAME =
  /(?:^|[_-]|[a-z](?=[A-Z]))(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key)$/i;
const SECRET_IN_URL = /^[a-z][a-z\d+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;

/**
 * The arguments as the task's schema will see them: those of the file, and over them those of `--arg`,
 * which are text unless the schema says number, boolean, array or object. A secret is refused: other
 * users of the machine see the command line, and the shell keeps it.
 */
export async function taskArguments(
  task: Task,
  { arg = {}, argsFile }: ArgumentFlags,
  { workingDirectory, warn }: { workingDirectory: string; warn: (message: string) => void },
): Promise<Readonly<Record<string, unknown>>> {
  const schema = argumentsSchema(task);
  for (const [name, value] of Object.entries(arg)) {
    if (SECRET_NAME.test(name)) {
      throw new RowmillError(
        'usage',
        `--arg ${name}=… would show a secret to everyone who lists the processes of this machine; put it into a file: --args-file FILE.json`,
      );
    }
    if (SECRET_IN_URL.test(value)) {
      warn(
        `--arg ${name} holds a password that everyone who lists processes can read; --args-file FILE.json keeps it private`,
      );
    }
  }
  const given = Object.entries(arg).map(
    ([name, value]) => [name, typed(name, value, schema)] as const,
  );
  const fromFile =
    argsFile === undefined ? {} : await readArgumentsFile(resolve(workingDirectory, argsFile));
  const all = Object.fromEntries([...Object.entries(fromFile), ...given]);
  if (task.argumentsSchema === undefined && Object.keys(all).length > 0) {
    throw new RowmillError(
      'usage',
      `${task.name} takes no arguments, but ${Object.keys(all).join(', ')} given`,
    );
  }
  return all;
}

async function readArgumentsFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new RowmillError('usage', `--args-file ${path}: ${messageOf(cause)}`, { cause });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new RowmillError(
      'usage',
      `--args-file ${path}: expected a JSON object, such as {"factor": 2}`,
    );
  }
  return content as Readonly<Record<string, unknown>>;
}

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
