import type { Command } from 'commander';
import type { SourceDesk } from '../../engine/automation/source-desk.ts';
import { RowmillError } from '../../engine/errors.ts';
import type { CommandContext } from '../context.ts';
import { examples, refuseUnknownCommand } from '../help-texts.ts';
import { readWrittenJson } from '../read-json.ts';
import { textTable } from '../text-table.ts';
import { visible } from '../visible-text.ts';

/** `source`: what a schedule can start one run for each item of. */
export function addSourceCommand(program: Command, context: CommandContext): void {
  const source = program
    .command('source')
    .description('The sources of a server: schedules start one run for each item of one');
  examples(
    source,
    'rowmill source add telephony --databases TELEPHONY --profile work',
    'rowmill source items telephony --class account,monthly --profile work',
  );
  addList(source, context);
  addAdd(source, context);
  addItems(source, context);
  addRemove(source, context);
}

async function deskOf(command: Command, context: CommandContext): Promise<SourceDesk> {
  const { server } = await context.open(command);
  if (server !== undefined) return server.sources;
  throw new RowmillError(
    'usage',
    'sources are kept by a server (rowmill serve): say which by --server or --profile',
  );
}

function addList(source: Command, context: CommandContext): void {
  const command = source
    .command('list', { isDefault: true })
    .description('List the sources')
    .allowExcessArguments()
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill source list --profile work');
  command.action(async ({ json }: { json?: boolean }) => {
    refuseUnknownCommand(source, command);
    const found = await (await deskOf(command, context)).list();
    const { screen } = context;
    if (json === true) screen.json(found);
    else if (found.length === 0) screen.err('there are no sources: rowmill source add makes one');
    else {
      const columns = [
        { title: 'NAME' },
        { title: 'KIND' },
        { title: 'OF', canShrink: true },
      ] as const;
      const rows = found.map((each) => {
        const { kind, ...rest } = each.source;
        return [each.name, kind, JSON.stringify(rest)];
      });
      for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
    }
  });
}

interface AddFlags {
  readonly databases?: string;
  readonly accounts?: boolean;
  readonly folder?: string;
  readonly glob?: string;
  readonly source?: string;
  readonly json?: boolean;
}

function addAdd(source: Command, context: CommandContext): void {
  const command = source
    .command('add')
    .description('Name a source, or change what is meant by its name')
    .argument('<name>', 'letters, digits, _ . -')
    .option(
      '--databases <secret>',
      'the databases of the PostgreSQL server that a secret of the server names',
    )
    .option('--accounts', 'the accounts of the server')
    .option('--folder <path>', 'the files of a folder of the server')
    .option('--glob <pattern>', 'which names, for --folder')
    .option('--source <json>', 'any source, as the HTTP API has it')
    .option('--json', 'print the source as JSON');
  examples(
    command,
    'rowmill source add telephony --databases TELEPHONY --profile work',
    'rowmill source add reports --folder /srv/in/reports --glob *.csv --profile work',
  );
  command.action(async (name: string, flags: AddFlags) => {
    const made = await (await deskOf(command, context)).set(name, await sourceOf(flags, context));
    if (flags.json === true) context.screen.json(made);
    else
      context.screen.err(visible(`source ${made.name} is kept: rowmill source items ${made.name}`));
  });
}

async function sourceOf(flags: AddFlags, { host }: CommandContext): Promise<unknown> {
  const { workingDirectory } = host;
  const said = [
    ...(flags.databases === undefined ? [] : [{ kind: 'databases', secret: flags.databases }]),
    ...(flags.accounts === true ? [{ kind: 'accounts' }] : []),
    ...(flags.folder === undefined
      ? []
      : [{ kind: 'files', folder: flags.folder, glob: flags.glob }]),
    ...(flags.source === undefined
      ? []
      : [await readWrittenJson(flags.source, { what: '--source', workingDirectory })]),
  ];
  if (said.length === 1) return said[0];
  const message = 'say what it is of: one of --databases, --accounts, --folder, --source';
  throw new RowmillError('usage', message);
}

function addItems(source: Command, context: CommandContext): void {
  const command = source
    .command('items')
    .description('List what a source has now')
    .argument('<name>', 'as it is listed')
    .option('--class <names>', 'only of these classes, with commas between')
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill source items telephony --class monthly --profile work');
  command.action(async (name: string, flags: { class?: string; json?: boolean }) => {
    const items = await (await deskOf(command, context)).items(name, flags.class);
    const { screen } = context;
    if (flags.json === true) screen.json(items);
    else if (items.length === 0) screen.err('there are none');
    else {
      const rows = items.map((item) => [item.name, item.class]);
      const columns = [{ title: 'ITEM', canShrink: true }, { title: 'CLASS' }] as const;
      for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
    }
  });
}

function addRemove(source: Command, context: CommandContext): void {
  const command = source
    .command('remove')
    .description('Forget a source')
    .argument('<name>', 'as it is listed')
    .option('--json', 'print the name as JSON');
  examples(command, 'rowmill source remove telephony --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    await (await deskOf(command, context)).remove(name);
    if (json === true) context.screen.json({ name });
    else context.screen.err(visible(`source ${name} is gone`));
  });
}
