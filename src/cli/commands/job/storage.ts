import type { Command } from 'commander';
import type { JobStorageDesk, ShownStorageValue } from '../../../engine/jobs/job-storage-desk.ts';
import type { CommandContext } from '../../context.ts';
import { bytes, moment } from '../../figures.ts';
import { positiveNumber, wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { readWrittenJson } from '../../read-json.ts';
import { textTable } from '../../text-table.ts';
import { visible } from '../../visible-text.ts';
import { deskOf } from './desk.ts';

/** `job storage`: what a job keeps between its runs. */
export function addJobStorageCommand(job: Command, context: CommandContext): void {
  const storage = job.command('storage').description('What a job keeps between its runs');
  examples(
    storage,
    'rowmill job storage list counter --profile work',
    'rowmill job storage set counter my-counter 0 --profile work',
  );
  addList(storage, context);
  addGet(storage, context);
  addSet(storage, context);
  addDelete(storage, context);
}

async function storageOf(
  command: Command,
  context: CommandContext,
  job: string,
): Promise<JobStorageDesk> {
  return (await deskOf(command, context)).storage(job);
}

function addList(storage: Command, context: CommandContext): void {
  const command = storage
    .command('list')
    .description('List the keys of what a job keeps')
    .argument('<job>', 'its name')
    .option('--prefix <text>', 'only keys that begin with this', '')
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill job storage list counter --prefix seen: --profile work');
  command.action(async (job: string, { prefix, json }: { prefix: string; json?: boolean }) => {
    const found = await (await storageOf(command, context, job)).list(prefix);
    const { screen } = context;
    if (json === true) {
      screen.json(found.map((each) => each.json));
      return;
    }
    if (found.length === 0) {
      screen.err('nothing is kept');
      return;
    }
    const columns = [
      { title: 'KEY', canShrink: true },
      { title: 'SIZE', align: 'right' },
      { title: 'REVISION', align: 'right' },
      { title: 'SET' },
      { title: 'EXPIRES' },
    ] as const;
    const rows = found.map((each) => [
      each.key,
      bytes(each.bytes),
      String(each.revision),
      moment(each.updatedAt),
      each.expiresAt === undefined ? '' : moment(each.expiresAt),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

function addGet(storage: Command, context: CommandContext): void {
  const command = storage
    .command('get')
    .description('Print a value that a job keeps, as JSON')
    .argument('<job>', 'its name')
    .argument('<key>', 'as it is listed')
    .option('--json', 'print all that is known of it');
  examples(command, 'rowmill job storage get counter my-counter --profile work');
  command.action(async (job: string, key: string, { json }: { json?: boolean }) => {
    const found = await (await storageOf(command, context, job)).get(key);
    context.screen.json(json === true ? found.json : found.value);
  });
}

interface SetFlags {
  readonly ttl?: number;
  readonly revision?: number;
  readonly json?: boolean;
}

function addSet(storage: Command, context: CommandContext): void {
  const command = storage
    .command('set')
    .description('Let a job keep a value, in the place of the one before')
    .argument('<job>', 'its name')
    .argument('<key>', 'letters, digits and most signs, no /')
    .argument('<value>', 'JSON, or @FILE')
    .option('--ttl <seconds>', 'in how many seconds it expires', positiveNumber)
    .option(
      '--revision <n>',
      'only where it has this one; 0: where it is not there',
      wholeNumber(0),
    )
    .option('--json', 'print what is kept as JSON');
  examples(
    command,
    'rowmill job storage set counter my-counter 0 --profile work',
    'rowmill job storage set counter seen:ada true --ttl 3600 --profile work',
  );
  command.action(async (job: string, key: string, written: string) => {
    const { ttl, revision, json } = command.opts<SetFlags>();
    const { workingDirectory } = context.host;
    const value = await readWrittenJson(written, { what: 'value', workingDirectory });
    const desk = await storageOf(command, context, job);
    const kept = await desk.set(key, value, { ttl, revision });
    if (json === true) context.screen.json(kept.json);
    else context.screen.err(visible(saidOf(kept)));
  });
}

function saidOf({ key, revision, expiresAt }: ShownStorageValue): string {
  const until = expiresAt === undefined ? '' : `, until ${moment(expiresAt)}`;
  return `${key} is kept: revision ${revision}${until}`;
}

function addDelete(storage: Command, context: CommandContext): void {
  const command = storage
    .command('delete')
    .description('Let a job keep a value no longer')
    .argument('<job>', 'its name')
    .argument('<key>', 'as it is listed')
    .option('--revision <n>', 'only where it has this one', wholeNumber(1))
    .option('--json', 'print the key as JSON');
  examples(command, 'rowmill job storage delete counter my-counter --profile work');
  command.action(async (job: string, key: string, { revision, json }: Omit<SetFlags, 'ttl'>) => {
    await (await storageOf(command, context, job)).delete(key, revision);
    if (json === true) context.screen.json({ key });
    else context.screen.err(visible(`${key} is gone`));
  });
}
