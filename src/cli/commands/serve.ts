import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { EXIT_CODES, EXIT_OF_SIGNAL } from '../exit-codes.ts';
import { counted } from '../figures.ts';
import { examples } from '../help-texts.ts';
import type { ServingServer, Workspace } from '../host.ts';
import { shownPath } from '../next-commands.ts';
import { collect } from '../flag-values.ts';
import { visible } from '../visible-text.ts';

/** What has not ended by then is left behind: its last checkpoint stands. */
const END_AFTER_MS = 9_500;

const OPEN =
  'NO KEY IS NEEDED: whoever is on this machine may call this server and do all. Make a key to end this: rowmill key create --scope admin';

/** `serve`: the HTTP API on this machine, until a signal ends it. */
export function addServeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('serve')
    .description('Serve the HTTP API: upload, check, run, watch, download');
  examples(
    command,
    'rowmill serve',
    'rowmill serve --port 8080 --data ./data --tasks ./tasks',
    'rowmill serve --database postgres://rowmill@localhost/rowmill',
  );
  addServerFlags(command);
  command.action(async ({ json }: { json?: boolean }) => {
    const workspace = await context.open(command, 'here');
    await serve(context, { workspace, isJson: json === true });
  });
}

/** `dev`: the same, for who writes tasks. */
export function addDevCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('dev')
    .description('Serve the HTTP API, and load task modules anew when they change');
  examples(command, 'rowmill dev --tasks ./tasks');
  addServerFlags(command);
  command.action(async ({ json }: { json?: boolean }) => {
    const workspace = await context.open(command, 'here');
    await serve(context, { workspace, isJson: json === true, beside: reloadTasks });
  });
}

/** Tells what is loaded anew. Runs at work keep the code they began with. */
function reloadTasks(workspace: Workspace, { screen, host }: CommandContext): Promise<() => void> {
  return workspace.watchTasks({
    onChange(changes) {
      for (const { file, tasks, problem } of changes) {
        const path = shownPath(file, host.workingDirectory);
        if (problem === undefined) {
          screen.err(visible(`loaded ${path}: ${tasks.join(', ') || 'no tasks'}`));
        } else {
          screen.warn(`${path} did not load, its tasks stay as they were: ${problem}`);
        }
      }
    },
    onError: (message) => screen.warn(message),
  });
}

function addServerFlags(command: Command): void {
  command
    .option('--host <address>', 'the address to listen on (default: 127.0.0.1)')
    .option('--port <n>', 'the port to listen on; 0 for any that is free (default: 7070)')
    .option('--database <url>', 'a PostgreSQL server (postgres://…) instead of the embedded store')
    .option(
      '--files-dir <folder>',
      'a folder for uploads and runs that all servers on the database share',
    )
    .option(
      '--allow-addresses <list>',
      'hosts and networks that may be called beside the public internet, with commas between',
    )
    .option('--file-roots <folders>', 'folders below which files may be waited for, with : between')
    .option(
      '--container-engine <url>',
      'the Docker Engine API that runs containers, such as unix:///var/run/docker.sock',
    )
    .option(
      '--handlers <path>',
      'a file, folder or quoted glob of modules of handlers (repeatable)',
      collect,
    )
    .option('--slots <n>', 'runs carried out at the same time (default: 4)')
    .option('--max-upload-bytes <size>', 'the largest upload, such as 500MB (default: 16GiB)')
    .option('--public-url <url>', 'where clients reach the server, when it stands behind a proxy')
    .option('--log-level <level>', 'debug, info, warn, error or silent (default: info)')
    .option('--json', 'print where it listens as JSON');
}

/** Listens, says so, and ends in order at a signal; a second one ends the process at once. */
async function serve(
  context: CommandContext,
  {
    workspace,
    isJson,
    beside,
  }: {
    readonly workspace: Workspace;
    readonly isJson: boolean;
    /** What is done while it listens, until the function it gives is called. */
    readonly beside?: (workspace: Workspace, context: CommandContext) => Promise<() => void>;
  },
): Promise<void> {
  const { host, screen } = context;
  const tasks = (await workspace.tasks.list()).length;
  const server = await host.serve({ workspace });
  const { url } = server;
  const pid = host.processId;
  // A line, as all the log behind it is.
  if (isJson) screen.out(JSON.stringify({ url, pid }));
  context.warnOfModules(workspace);
  const { problems } = workspace.tasks;
  server.log({ event: 'listening', url, pid, version: host.version, tasks });
  for (const { file, message } of problems) server.log({ event: 'module_broken', file, message });
  for (const line of startLines(server, { workspace, tasks, processId: host.processId })) {
    screen.err(line);
  }
  if (server.isOpen) screen.warn(OPEN);
  const endBeside = await beside?.(workspace, context);
  const ended = new Promise<void>((resolve) => {
    let signals = 0;
    host.onSignal((signal) => {
      signals += 1;
      if (signals > 1) host.terminate(EXIT_OF_SIGNAL[signal]);
      else resolve();
    });
  });
  await ended;
  endBeside?.();
  screen.err('ending: runs commit a checkpoint and go on at the next start');
  server.log({ event: 'ending' });
  setTimeout(() => host.terminate(EXIT_CODES.ok.code), END_AFTER_MS).unref();
  await server.close();
  server.log({ event: 'ended' });
}

function startLines(
  { url }: ServingServer,
  {
    workspace: { settings, explained, tasks },
    tasks: count,
    processId,
  }: { readonly workspace: Workspace; readonly tasks: number; readonly processId: number },
): string[] {
  const database = explained.find(({ name }) => name === 'database')?.value;
  const broken = tasks.problems.length;
  const facts = [
    ['data', settings.dataDir],
    ['store', typeof database === 'string' ? database : 'SQLite in the data folder'],
    [
      'tasks',
      broken === 0 ? String(count) : `${count}, and ${counted(broken, 'module')} did not load`,
    ],
    ['runs at once', String(settings.slots)],
  ];
  return [
    `listening on ${url} (process ${processId})`,
    ...facts.map(([name = '', value = '']) => `  ${name.padEnd(12)} ${value}`),
  ];
}
