import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Command } from 'commander';
import { messageOf, RowmillError } from '../../../engine/errors.ts';
import type { JsonObject } from '../../../engine/jobs/job-definition.ts';
import type { CommandContext } from '../../context.ts';
import { count } from '../../figures.ts';
import { examples } from '../../help-texts.ts';
import { isObject, readWrittenObject } from '../../read-json.ts';
import { visible } from '../../visible-text.ts';
import { queueDeskOf } from './desk.ts';

interface Flags {
  readonly file?: string;
  readonly priority?: string;
  readonly json?: boolean;
}

/** `queue add`. */
export function addQueueAddCommand(queue: Command, context: CommandContext): void {
  const command = queue
    .command('add')
    .description('Add entries to a queue: each is the arguments of a start; all or none')
    .argument('<queue>', 'its name or id')
    .argument('[arguments]', 'a JSON object, or @file with one; without it see --file')
    .option('--file <file>', 'NDJSON (a JSON object a line) or CSV with a header; - reads stdin')
    .option('--priority <n>', 'of all of them')
    .option('--json', 'print how many as JSON');
  examples(
    command,
    'rowmill queue add patients @event.json --profile work',
    'rowmill queue add patients --file patients.csv --profile work',
  );
  command.action(async (name: string, written: string | undefined, flags: Flags) => {
    const all = await argumentsOf(written, flags, context);
    const priority = priorityOf(flags.priority);
    const entries = all.map((each) => ({ arguments: each, priority }));
    const added = await (await queueDeskOf(command, context)).add(name, entries);
    const { screen } = context;
    if (flags.json === true) screen.json({ queue: name, added });
    else
      screen.err(
        visible(`${count(added)} ${added === 1 ? 'entry waits' : 'entries wait'} in ${name}`),
      );
  });
}

async function argumentsOf(
  written: string | undefined,
  { file }: Flags,
  { host }: CommandContext,
): Promise<readonly JsonObject[]> {
  if ((written === undefined) === (file === undefined)) {
    throw new RowmillError('usage', 'say what to add: a JSON object, or --file (- reads stdin)');
  }
  const { workingDirectory } = host;
  if (written !== undefined)
    return [await readWrittenObject(written, { what: 'arguments', workingDirectory })];
  const path = file ?? '-';
  const text = path === '-' ? await host.readStdin() : await readEntries(path, workingDirectory);
  const entries = entriesOf(text.replace(/^\uFEFF/, ''), path);
  if (entries.length > 0) return entries;
  throw new RowmillError('usage', `${path}: there are no entries in it`);
}

async function readEntries(path: string, workingDirectory: string): Promise<string> {
  try {
    return await readFile(resolve(workingDirectory, path), 'utf8');
  } catch (cause) {
    throw new RowmillError('usage', `--file ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** What begins like a JSON object is NDJSON, all else is CSV. */
function entriesOf(text: string, path: string): readonly JsonObject[] {
  if (!/^\s*\{/.test(text)) return rowsOf(text, path);
  return text.split(/\r?\n/).flatMap((line, at) => {
    if (line.trim() === '') return [];
    const value = jsonOf(line, `${path} line ${at + 1}`);
    if (isObject(value)) return [value];
    throw new RowmillError('usage', `${path} line ${at + 1}: expected a JSON object`);
  });
}

function jsonOf(line: string, place: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (cause) {
    throw new RowmillError('usage', `${place}: ${messageOf(cause)}`, { cause });
  }
}

function rowsOf(text: string, path: string): readonly JsonObject[] {
  try {
    return parse(text, { columns: true, skip_empty_lines: true }) as JsonObject[]; // an object a row
  } catch (cause) {
    throw new RowmillError('usage', `${path}: ${messageOf(cause)}`, { cause });
  }
}

function priorityOf(written: string | undefined): number {
  if (written === undefined) return 0;
  if (/^-?\d{1,7}$/.test(written)) return Number(written);
  throw new RowmillError('usage', `--priority ${written}: expected a whole number`);
}
