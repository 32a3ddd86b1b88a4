import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { RowmillError } from '../../engine/errors.ts';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { newTaskCsv, newTaskModule } from '../new-task-files.ts';
import { shownPath, type NextCommand } from '../next-commands.ts';
import { printNext } from '../run-report.ts';
import { shellWords } from '../shell-words.ts';
import { shorten, visible } from '../visible-text.ts';
import { writeNewFile } from '../write-new-file.ts';

const NAME = /^[a-z][a-z0-9_-]*$/;
/** Category and action together are the name of a file, which may have 255 bytes. */
const LONGEST = 100;

/** `new-task`: a task that works, to be changed into the one that is wanted. */
export function addNewTaskCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('new-task')
    .description('Write a task module that works and a CSV file to try it on')
    .argument('<name>', 'category/action of the new task')
    .option('--dir <folder>', 'where the two files go', '.')
    .option('--json', 'print the files and the next commands as JSON');
  examples(command, 'rowmill new-task orders/price', 'rowmill new-task orders/price --dir tasks');
  command.action((name: string, flags: { dir: string; json?: boolean }) =>
    newTask(context, command, { name, ...flags }),
  );
}

async function newTask(
  context: CommandContext,
  command: Command,
  { name, dir, json }: { name: string; dir: string; json?: boolean },
): Promise<void> {
  const { screen, host } = context;
  const [category, action, ...more] = name.split('/');
  if (category === undefined || action === undefined || more.length > 0) {
    throw new RowmillError(
      'usage',
      `a task is named category/action, such as ${NAME.test(name) ? `orders/${name}` : 'orders/price'}`,
    );
  }
  for (const part of [category, action]) {
    if (part.length > LONGEST) {
      throw new RowmillError(
        'usage',
        `${JSON.stringify(shorten(part, 40))} is too long a name: at most ${LONGEST} characters, it has ${part.length}`,
      );
    }
    if (NAME.test(part)) continue;
    throw new RowmillError(
      'usage',
      `${JSON.stringify(part)} is no name: lower-case letters, digits, _ and -, a letter first`,
    );
  }
  const known = await (await context.open(command, 'here')).tasks.list();
  const taken = known.find(({ task }) => task.name === name);
  if (taken !== undefined) {
    throw new RowmillError(
      'usage',
      `there is a task ${name} already (${taken.origin}): two of one name cannot be told apart, so give another`,
    );
  }
  const base = resolve(host.workingDirectory, dir, `${category}-${action}`);
  const [module, csv] = [`${base}.ts`, `${base}.csv`];
  await writeNewFile(module, newTaskModule(category, action));
  await writeNewFile(csv, newTaskCsv());
  const shown = (path: string): string => shownPath(path, host.workingDirectory);
  const tasks = ['--tasks', shown(module)];
  const output = shown(join(dirname(base), `${category}-${action}-out.csv`));
  const next: NextCommand[] = [
    {
      command: shellWords(['rowmill', 'run', name, shown(csv), '-o', output, ...tasks]),
      why: 'runs it: two rows succeed, two fail',
    },
    { command: shellWords(['rowmill', 'tasks', 'show', name, ...tasks]), why: 'its help' },
    {
      command: shellWords(['rowmill', 'check', name, 'YOUR.csv', ...tasks]),
      why: 'whether a file of yours fits',
    },
  ];
  if (json === true) {
    screen.json({ task: name, module, csv, next });
    return;
  }
  screen.err(`${visible(shown(module))} and ${visible(shown(csv))} are written`);
  printNext(screen, next);
}
