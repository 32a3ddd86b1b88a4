import type { Command } from 'commander';
import { RowmillError } from '../../engine/errors.ts';
import { DEFAULT_EXECUTOR } from '../../engine/script/executor-definition.ts';
import type { ExecutorDesk, ShownExecutor } from '../../engine/script/executor-desk.ts';
import type { CommandContext } from '../context.ts';
import { factLines } from '../fact-lines.ts';
import { collect, positiveNumber, wholeNumber } from '../flag-values.ts';
import { examples, refuseUnknownCommand } from '../help-texts.ts';
import { textTable } from '../text-table.ts';
import { visible } from '../visible-text.ts';

interface Flags {
  readonly kind?: string;
  readonly image?: string;
  readonly runtimeVersion?: string;
  readonly memoryLimit?: number;
  readonly timeout?: number;
  readonly outputLimit?: number;
  readonly processes?: number;
  readonly folderLimit?: number;
  readonly network?: boolean;
  readonly read?: readonly string[];
  readonly json?: boolean;
}

const { limits: LIMITS, runtimeVersion: RUNTIME } = DEFAULT_EXECUTOR;

/** `executor`: what the scripts of a server are executed by. */
export function addExecutorCommand(program: Command, context: CommandContext): void {
  const executor = program
    .command('executor')
    .description('The executors of a server: the runtime and the limits of scripts');
  examples(
    executor,
    "rowmill executor create big --runtime-version '$LATEST' --memory-limit 512 --profile work",
    'rowmill job update nightly --executor big --profile work',
  );
  addList(executor, context);
  addShow(executor, context);
  addCreate(executor, context);
  addUpdate(executor, context);
  addDelete(executor, context);
}

function addList(executor: Command, context: CommandContext): void {
  const command = executor
    .command('list', { isDefault: true })
    .description('List the executors: the default one, then the others by name')
    .allowExcessArguments()
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill executor list --profile work');
  command.action(async ({ json }: Flags) => {
    refuseUnknownCommand(executor, command);
    const found = await (await deskOf(command, context)).list();
    const { screen } = context;
    if (json === true) {
      screen.json(found.map((each) => each.json));
      return;
    }
    const columns = [
      { title: 'NAME', canShrink: true },
      { title: 'KIND' },
      { title: 'RUNTIME' },
      { title: 'MEMORY', align: 'right' },
      { title: 'TIMEOUT', align: 'right' },
      { title: 'NETWORK' },
    ] as const;
    const rows = found.map((each) => [
      each.name,
      each.kind,
      each.runtimeVersion,
      `${each.memoryMb} MB`,
      `${each.timeoutSeconds} s`,
      each.hasNetwork ? 'yes' : 'no',
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

function addShow(executor: Command, context: CommandContext): void {
  const command = executor
    .command('show')
    .description('All that is known of an executor')
    .argument('<executor>', 'its name')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill executor show big --profile work');
  command.action(async (name: string, { json }: Flags) => {
    const found = await (await deskOf(command, context)).show(name);
    if (json === true) context.screen.json(found.json);
    else for (const line of factLines(found.json)) context.screen.out(line);
  });
}

function addCreate(executor: Command, context: CommandContext): void {
  const command = withFlags(
    executor
      .command('create')
      .description('Make an executor; what is not said is as the default one has it')
      .argument('<executor>', 'its name, unique in the account'),
  );
  examples(
    command,
    'rowmill executor create boxed --kind container --image python:3.12 --profile work',
    "rowmill executor create big --runtime-version '$LATEST' --memory-limit 512 --timeout 60 --profile work",
  );
  command.action(async (name: string, flags: Flags) => {
    const made = await (await deskOf(command, context)).add({ name, ...bodyOf(flags) });
    tell(made, 'is there', { context, flags });
  });
}

function addUpdate(executor: Command, context: CommandContext): void {
  const command = withFlags(
    executor
      .command('update')
      .description('Change an executor; what is not said stays')
      .argument('<executor>', 'its name'),
  ).option('--no-network', 'scripts reach no network');
  examples(command, 'rowmill executor update big --timeout 120 --profile work');
  command.action(async (name: string, flags: Flags) => {
    const isSaid = command.getOptionValueSource('network') === 'cli';
    const body = bodyOf({ ...flags, ...(isSaid ? {} : { network: undefined }) });
    if (Object.keys(body).length === 0) throw new RowmillError('usage', 'say what is to change');
    const changed = await (await deskOf(command, context)).change(name, body);
    tell(changed, 'is as you said', { context, flags });
  });
}

function addDelete(executor: Command, context: CommandContext): void {
  const command = executor
    .command('delete')
    .description('Remove an executor; never while a job has it')
    .argument('<executor>', 'its name')
    .option('--json', 'print the name as JSON');
  examples(command, 'rowmill executor delete big --profile work');
  command.action(async (name: string, { json }: Flags) => {
    await (await deskOf(command, context)).remove(name);
    if (json === true) context.screen.json({ name });
    else context.screen.err(visible(`executor ${name} is gone`));
  });
}

function withFlags(command: Command): Command {
  return command
    .option('--kind <kind>', 'how scripts are executed: process, or what else the server has')
    .option('--image <name>', 'what has the interpreters, such as python:3.12 (not of processes)')
    .option('--runtime-version <version>', `$LATEST, or as 3.11 (default: ${RUNTIME})`)
    .option('--memory-limit <mb>', `all processes of a script (${LIMITS.memoryMb})`, wholeNumber(1))
    .option('--timeout <seconds>', `wall clock (${LIMITS.timeoutSeconds})`, positiveNumber)
    .option('--output-limit <bytes>', `all it says (${LIMITS.outputBytes})`, wholeNumber(1))
    .option('--processes <n>', `with threads, at once (${LIMITS.processes})`, wholeNumber(1))
    .option('--folder-limit <mb>', `the files it writes (${LIMITS.folderMb})`, wholeNumber(1))
    .option('--network', 'scripts reach the network of the server (only an admin says so)')
    .option('--read <path>', 'what they may read of the server, all of it (repeatable)', collect)
    .option('--json', 'print it as JSON');
}

function bodyOf(flags: { readonly [Name in keyof Flags]: Flags[Name] | undefined }) {
  const said = {
    kind: flags.kind,
    image: flags.image === '' ? null : flags.image,
    runtime_version: flags.runtimeVersion,
    memory_limit_mb: flags.memoryLimit,
    timeout_seconds: flags.timeout,
    output_limit_bytes: flags.outputLimit,
    processes: flags.processes,
    folder_limit_mb: flags.folderLimit,
    network: flags.network,
    readable: flags.read,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

async function deskOf(command: Command, context: CommandContext): Promise<ExecutorDesk> {
  const { server } = await context.open(command);
  if (server !== undefined) return server.executors;
  throw new RowmillError(
    'usage',
    'executors are kept by a server (rowmill serve): say which by --server or --profile',
  );
}

function tell(
  { name, json }: ShownExecutor,
  said: string,
  { context, flags }: { context: CommandContext; flags: Flags },
): void {
  if (flags.json === true) context.screen.json(json);
  else context.screen.err(visible(`executor ${name} ${said}`));
}
