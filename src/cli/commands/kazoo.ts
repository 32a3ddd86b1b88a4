import { resolve } from 'node:path';
import type { Command } from 'commander';
import { RowmillError } from '../../engine/errors.ts';
import type { CommandContext } from '../context.ts';
import { wholeNumber } from '../flag-values.ts';
import { examples } from '../help-texts.ts';
import type { KazooServer } from '../host.ts';

/** Seconds from the year 0 to 1970, as Erlang counts them. */
const YEAR_1970 = 62_167_219_200;
const DAY = 24 * 60 * 60;

/** `kazoo`: the maintenance commands of Kazoo's tasks, on a server. */
export function addKazooCommand(program: Command, context: CommandContext): void {
  const group = program
    .command('kazoo')
    .description('The maintenance commands of Kazoo’s tasks, on a server; they print JSON')
    .helpCommand(false);
  examples(
    group,
    'rowmill kazoo tasks --server http://127.0.0.1:7070',
    'rowmill kazoo add contacts clean contacts.csv --profile work',
  );
  for (const definition of COMMANDS) {
    const { name, words = '', description, example, addFlags, act } = definition;
    const command = group.command(`${name} ${words}`.trim()).description(description);
    addFlags?.(command);
    examples(command, `rowmill kazoo ${example}`);
    command.action(async () => {
      const { server } = await context.open(command);
      if (server === undefined) {
        const message = 'these commands are for a server: say which by --server or --profile';
        throw new RowmillError('usage', message);
      }
      const data = await act(server.kazoo, {
        words: command.args,
        flags: command.opts(),
        folder: context.host.workingDirectory,
      });
      if (data !== undefined) context.screen.json(data);
    });
  }
}

/** What was typed behind a command. */
interface Typed {
  readonly words: readonly (string | undefined)[];
  readonly flags: { readonly account?: string; readonly days?: number };
  readonly folder: string;
}

interface KazooCommand {
  readonly name: string;
  /** Its arguments, as the help writes them. */
  readonly words?: string;
  readonly description: string;
  readonly example: string;
  readonly addFlags?: (command: Command) => unknown;
  /** Gives what is printed. */
  readonly act: (server: KazooServer, typed: Typed) => Promise<unknown>;
}

/** A command about one task. Commander lets none pass without its id. */
function ofTask(
  name: string,
  description: string,
  act: (server: KazooServer, taskId: string) => Promise<unknown>,
): KazooCommand {
  return {
    name,
    words: '<task>',
    description,
    example: `${name} TASK --profile work`,
    act: (server, { words: [taskId = ''] }) => act(server, taskId),
  };
}

const COMMANDS: readonly KazooCommand[] = [
  {
    name: 'help',
    words: '[category] [action]',
    description: 'What tasks there are: all, those of a category, or one',
    example: 'help contacts clean --profile work',
    act: (server, { words: [category, action] }) => server.help(category, action),
  },
  {
    name: 'tasks',
    words: '[account]',
    description: 'The tasks of an account (default: that of the key), newest first',
    example: 'tasks --profile work',
    act: (server, { words: [account] }) => server.tasks(account),
  },
  ofTask('task', 'One task', (server, taskId) => server.task(taskId)),
  ofTask('input', 'The input of a task, on standard output', (server, taskId) =>
    server.file(taskId, 'input'),
  ),
  ofTask('output', 'The output of a task that has ended, on standard output', (server, taskId) =>
    server.file(taskId, 'output'),
  ),
  {
    name: 'add',
    words: '<category> <action> [file]',
    description: 'Create a task over a CSV, or without one; it is not started',
    example: 'add contacts clean contacts.csv --profile work',
    addFlags: (command) =>
      command.option('--account <id>', 'whose it is (default: that of the key)'),
    act: (server, { words: [category = '', action = '', file], flags: { account }, folder }) => {
      const path = file === undefined ? undefined : resolve(folder, file);
      return server.add({ category, action, path }, account);
    },
  },
  ofTask('start', 'Start a task', (server, taskId) => server.start(taskId)),
  ofTask('restart', 'Run a task once more from its first row, as a new one', (server, taskId) =>
    server.restart(taskId),
  ),
  ofTask('remove', 'Remove a task with its files', (server, taskId) => server.remove(taskId)),
  {
    name: 'cleanup',
    words: '[account]',
    description: 'Remove the tasks of an account that have ended and were created long ago',
    example: 'cleanup --days 90 --profile work',
    addFlags: (command) => command.option('--days <n>', 'how many days ago', wholeNumber(0), 30),
    act: (server, { words: [account], flags: { days = 30 } }) => cleanUp(server, { account, days }),
  },
];

async function cleanUp(
  server: KazooServer,
  { account, days }: { readonly account: string | undefined; readonly days: number },
): Promise<unknown> {
  const before = Math.floor(Date.now() / 1000) + YEAR_1970 - days * DAY;
  // A list of tasks, as the server describes it.
  const tasks = (await server.tasks(account, before)) as readonly ListedTask[];
  const ended = tasks.filter(({ status }) => status !== 'pending' && status !== 'executing');
  for (const { id } of ended) await server.remove(id, account);
  return { removed: ended.map(({ id }) => id) };
}

interface ListedTask {
  readonly id: string;
  readonly status: string;
}
