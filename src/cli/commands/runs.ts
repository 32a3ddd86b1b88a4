import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { RunErrorLine, RunService, RunSummary } from '../../engine/run/run-service.ts';
import { isFinal } from '../../engine/run/status.ts';
import type { CommandContext } from '../context.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { bytes, count, moment } from '../figures.ts';
import { wholeNumber } from '../flag-values.ts';
import { examples, refuseUnknownCommand } from '../help-texts.ts';
import { errorLineJson, summaryJson } from '../json-forms.ts';
import { shownPath } from '../next-commands.ts';
import { shellWords } from '../shell-words.ts';
import { textTable } from '../text-table.ts';
import { visible, visibleJson } from '../visible-text.ts';
import { addRunsSaveCommand } from './runs-save.ts';

/** `runs`: what has been run here. */
export function addRunsCommand(program: Command, context: CommandContext): void {
  const runs = program.command('runs').description('The runs of this data folder');
  examples(
    runs,
    'rowmill runs',
    'rowmill runs errors RUN --limit 20',
    'rowmill runs save RUN --failed failed.csv',
  );
  addList(runs, context);
  addOfRun(runs, context, { name: 'show', description: 'What is stored of a run', act: showRun });
  addErrors(runs, context);
  addOfRun(runs, context, {
    name: 'log',
    description: 'What happened during a run',
    act: printLog,
  });
  addOfRun(runs, context, {
    name: 'files',
    description: 'Where the files of a run are',
    act: printFiles,
  });
  addRunsSaveCommand(runs, context);
  addDelete(runs, context);
}

function addList(runs: Command, context: CommandContext): void {
  const command = runs
    .command('list', { isDefault: true })
    .description('List the runs, the last one first')
    .allowExcessArguments()
    .option('--limit <n>', 'so many at most', wholeNumber(1))
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill runs', 'rowmill runs list --limit 10 --json');
  command.action(async ({ limit, json }: { limit?: number; json?: boolean }) => {
    refuseUnknownCommand(runs, command);
    const service = await (await context.open(command)).runs();
    const found = [...(await service.list())]
      .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
      .slice(0, limit);
    const { screen, host } = context;
    if (json === true) {
      screen.json(found.map(summaryJson));
      return;
    }
    if (found.length === 0) {
      screen.err('there are no runs here yet');
      return;
    }
    const columns = [
      { title: 'RUN' },
      { title: 'TASK', canShrink: true },
      { title: 'STATUS' },
      { title: 'OK', align: 'right' },
      { title: 'FAILED', align: 'right' },
      { title: 'BEGUN' },
      { title: 'INPUT', canShrink: true },
    ] as const;
    const rows = found.map((run) => [
      run.runId,
      run.task,
      statusWord(run),
      count(run.succeeded),
      count(run.failed),
      moment(run.createdAt),
      run.inputPath === undefined ? '' : shownPath(run.inputPath, host.workingDirectory),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

/** What a command does with one run. */
type RunAct = (
  run: RunSummary,
  service: RunService,
  how: {
    readonly context: CommandContext;
    readonly isJson: boolean;
    readonly globalWords: readonly string[];
  },
) => Promise<void>;

function addOfRun(
  runs: Command,
  context: CommandContext,
  { name, description, act }: { name: string; description: string; act: RunAct },
): void {
  const command = runs
    .command(name)
    .description(description)
    .argument('<run>', 'its id')
    .option('--json', 'print it as JSON');
  examples(command, `rowmill runs ${name} RUN`);
  command.action(async (runId: string, { json }: { json?: boolean }) => {
    const service = await (await context.open(command)).runs();
    const how = { context, isJson: json === true, globalWords: context.globalWords(command) };
    await act(await service.show(runId), service, how);
  });
}

const showRun: RunAct = async (run, _service, { context, isJson, globalWords }) => {
  const { screen } = context;
  if (isJson) {
    screen.json(summaryJson(run));
    return;
  }
  const facts = [
    ['run', run.runId],
    ['task', run.task],
    ['status', statusWord(run)],
    ['rows', `${count(run.succeeded)} ok, ${count(run.failed)} failed`],
    ['message', run.message],
    ['input', run.inputPath],
    ['output', run.outputPath],
    ['begun', moment(run.createdAt)],
    ['ended', run.finishedAt === undefined ? undefined : moment(run.finishedAt)],
    ['folder', run.folder],
  ] as const;
  for (const [name, value] of facts) {
    if (value !== undefined)
      screen.out(`${screen.outColors.dim(name.padEnd(8))} ${visible(value)}`);
  }
  const resumes = !isFinal(run.status) && (run.status !== 'executing' || run.isInterrupted);
  if (resumes)
    screen.err(`\ngo on with it: ${shellWords(['rowmill', 'resume', run.runId, ...globalWords])}`);
  if (run.failed > 0) {
    screen.err(
      `\nwhy rows failed: ${shellWords(['rowmill', 'runs', 'errors', run.runId, ...globalWords])}`,
    );
  }
};

function addErrors(runs: Command, context: CommandContext): void {
  const command = runs
    .command('errors')
    .description('The failed rows of a run, each with its reason')
    .argument('<run>', 'its id')
    .option('--limit <n>', 'so many at most', wholeNumber(1))
    .option('--json', 'print one JSON object a line');
  examples(
    command,
    'rowmill runs errors RUN',
    'rowmill runs errors RUN --json | jq -r .message | sort | uniq -c',
  );
  command.action(async (runId: string, { limit, json }: { limit?: number; json?: boolean }) => {
    const service = await (await context.open(command)).runs();
    const run = await service.show(runId);
    const form =
      json === true ? (line: RunErrorLine) => visibleJson(errorLineJson(line)) : errorText;
    await context.screen.stream(mapped(service.errors(run.runId), form, limit));
  });
}

const printLog: RunAct = async (run, service, { context, isJson }) => {
  const form = isJson ? (line: string) => visibleJson({ line }) : visible;
  await context.screen.stream(mapped(service.log(run.runId), form));
};

const printFiles: RunAct = async (run, _service, { context, isJson }) => {
  const { screen, host } = context;
  const paths = new Map<string, string>();
  for (const name of await readdir(run.folder).catch(() => []))
    paths.set(join(run.folder, name), '');
  if (run.inputPath !== undefined) paths.set(run.inputPath, 'input');
  if (run.outputPath !== undefined) paths.set(run.outputPath, 'output');
  const files = await Promise.all(
    [...paths].map(async ([path, role]) => {
      const size = await stat(path).then(
        (found) => found.size,
        () => undefined,
      );
      return { path, role, size };
    }),
  );
  if (isJson) {
    screen.json(
      files.map(({ path, role, size }) => ({ path, role: role || null, bytes: size ?? null })),
    );
    return;
  }
  const columns = [
    { title: 'FILE', canShrink: true },
    { title: 'SIZE', align: 'right' },
    { title: '' },
  ] as const;
  const rows = files.map(({ path, role, size }) => [
    shownPath(path, host.workingDirectory),
    size === undefined ? 'gone' : bytes(size),
    role,
  ]);
  for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
};

function addDelete(runs: Command, context: CommandContext): void {
  const command = runs
    .command('delete')
    .description('Delete runs and their folders; an output that lies elsewhere stays')
    .argument('<run...>', 'their ids')
    .option('--yes', 'do not ask')
    .option('--json', 'print the ids that are deleted as JSON');
  examples(command, 'rowmill runs delete RUN RUN --yes');
  command.action(async (runIds: string[], { yes, json }: { yes?: boolean; json?: boolean }) => {
    const service = await (await context.open(command)).runs();
    const found = await Promise.all(runIds.map((runId) => service.show(runId)));
    const ids = found.map(({ runId }) => runId);
    if (yes !== true && !(await context.confirm(`Delete ${ids.join(', ')} and all files of it?`))) {
      context.exitCode = EXIT_CODES.stopped.code;
      return;
    }
    for (const id of ids) await service.delete(id);
    if (json === true) context.screen.json({ deleted: ids });
    else for (const id of ids) context.screen.err(`${id} is deleted`);
  });
}

function statusWord({ status, isInterrupted }: RunSummary): string {
  return isInterrupted ? 'interrupted' : status;
}

function errorText({ row, line, column, value, message }: RunErrorLine): string {
  const where = `row ${count(row)} (line ${count(line)})`;
  const shown = value === undefined || value === '' ? '' : `"${value}" `;
  return visible(
    column === undefined ? `${where}: ${message}` : `${where}: ${column}: ${shown}${message}`,
  );
}

async function* mapped<T>(
  items: AsyncIterable<T>,
  form: (item: T) => string,
  limit = Number.POSITIVE_INFINITY,
): AsyncIterable<string> {
  let given = 0;
  for await (const item of items) {
    yield form(item);
    given += 1;
    if (given >= limit) return;
  }
}
