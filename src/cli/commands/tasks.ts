import { resolve } from 'node:path';
import type { Command } from 'commander';
import { RowmillError } from '../../engine/errors.ts';
import { rowSchema, taskHelp } from '../../engine/task/help.ts';
import type { Task } from '../../engine/task/task.ts';
import type { CommandContext } from '../context.ts';
import { examples, refuseUnknownCommand } from '../help-texts.ts';
import { shellWords } from '../shell-words.ts';
import { taskText } from '../task-text.ts';
import { textTable } from '../text-table.ts';
import { visible, visibleJson } from '../visible-text.ts';
import { writeNewFile } from '../write-new-file.ts';

/** `tasks`: what can be run, and what each task wants of a file. */
export function addTasksCommand(program: Command, context: CommandContext): void {
  const tasks = program
    .command('tasks')
    .description('The tasks that can be run, and what they want');
  examples(
    tasks,
    'rowmill tasks',
    'rowmill tasks show contacts/clean',
    'rowmill tasks sample contacts/clean -o try.csv',
  );
  addList(tasks, context);
  addShow(tasks, context);
  addText(tasks, context, {
    name: 'template',
    description: 'Print the header that a file for the task needs',
    of: async (task) => (await import('../../engine/task/sample-csv.ts')).templateCsv(task),
    missing: 'has no columns of its own',
  });
  addText(tasks, context, {
    name: 'sample',
    description: 'Print a small CSV file made of the examples of the task',
    of: async (task) => (await import('../../engine/task/sample-csv.ts')).sampleCsv(task),
    missing: 'has no examples to make a file of',
  });
  addText(tasks, context, {
    name: 'schema',
    description: 'Print the JSON Schema of an input row',
    of: (task) => {
      const schema = rowSchema(task);
      return schema === undefined ? undefined : `${visibleJson(schema, 2)}\n`;
    },
    missing: 'reads no CSV',
  });
}

function addList(tasks: Command, context: CommandContext): void {
  const command = tasks
    .command('list', { isDefault: true })
    .description('List the tasks')
    .allowExcessArguments()
    .option('--json', 'print them as JSON, with all that is known of each');
  examples(command, 'rowmill tasks', 'rowmill tasks list --tasks ./tasks --json');
  command.action(async ({ json }: { json?: boolean }) => {
    refuseUnknownCommand(tasks, command);
    const workspace = await context.open(command);
    const found = await workspace.tasks.list();
    context.warnOfModules(workspace);
    const { screen } = context;
    if (json === true) {
      screen.json(found.map(({ task, origin }) => ({ ...taskHelp(task), origin })));
      return;
    }
    const columns = [{ title: 'TASK' }, { title: 'DESCRIPTION', canShrink: true }];
    const rows = found.map(({ task }) => [task.name, task.description]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

function addShow(tasks: Command, context: CommandContext): void {
  const command = tasks
    .command('show')
    .description('All that is known of a task: columns, arguments, examples')
    .argument('<task>', 'category/action')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill tasks show contacts/clean');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const workspace = await context.open(command);
    const { task, origin } = await workspace.tasks.find(name);
    context.warnOfModules(workspace);
    const help = taskHelp(task);
    const { screen } = context;
    if (json === true) screen.json({ ...help, origin });
    else for (const line of taskText(help, screen.outColors)) screen.out(line);
  });
}

interface TextCommand {
  readonly name: 'template' | 'sample' | 'schema';
  readonly description: string;
  /** What is printed; undefined where this task has no such thing. */
  readonly of: (task: Task) => Promise<string | undefined> | string | undefined;
  readonly missing: string;
}

function addText(tasks: Command, context: CommandContext, text: TextCommand): void {
  const command = tasks
    .command(text.name)
    .description(text.description)
    .argument('<task>', 'category/action')
    .option('-o, --output <file>', 'write it there', '-')
    .option('--json', 'print it as a JSON object with the name of the task');
  examples(command, `rowmill tasks ${text.name} contacts/clean`);
  command.action(async (name: string, { output, json }: { output: string; json?: boolean }) => {
    const workspace = await context.open(command);
    const { task } = await workspace.tasks.find(name);
    context.warnOfModules(workspace);
    const { server } = workspace;
    const content = await (server === undefined ? text.of(task) : server.taskText(name, text.name));
    if (content === undefined) throw new RowmillError('usage', `${name} ${text.missing}`);
    const { screen, host } = context;
    if (output === '-') {
      if (json === true) screen.json({ task: name, [text.name]: parsed(text.name, content) });
      else screen.raw(content);
      return;
    }
    const path = resolve(host.workingDirectory, output);
    await writeNewFile(path, content);
    if (json === true) screen.json({ task: name, written: path });
    else if (text.name === 'sample') {
      const words = ['rowmill', 'run', name, output, ...context.globalWords(command)];
      screen.err(`${visible(output)} is written. Try: ${shellWords(words)}`);
    } else screen.err(`${visible(output)} is written`);
  });
}

function parsed(name: string, content: string): unknown {
  return name === 'schema' ? (JSON.parse(content) as unknown) : content;
}
