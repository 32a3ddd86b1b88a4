import type { Command } from 'commander';
import { checkJson } from '../../engine/run/check/check-json.ts';
import type { CheckResult } from '../../engine/run/run-service.ts';
import { taskArguments } from '../argument-values.ts';
import type { CommandContext } from '../context.ts';
import { EXIT_OF_SIGNAL, exitCodeOfTally } from '../exit-codes.ts';
import { counted, count, duration } from '../figures.ts';
import { examples } from '../help-texts.ts';
import { wholeNumber } from '../flag-values.ts';
import { createProgressView, dialectText } from '../progress.ts';
import {
  addArgumentFlags,
  addInputFlags,
  addReportFlags,
  type ArgumentFlags,
  type InputFlags,
} from '../run-flags.ts';
import { terminalHandles, type SignalNotes } from '../run-handles.ts';
import { causeLines, printNext, warningLines } from '../run-report.ts';
import { inputOptions, runInput } from '../run-request.ts';
import type { Screen } from '../screen.ts';
import { shellWords } from '../shell-words.ts';
import { visible } from '../visible-text.ts';

interface CheckFlags extends InputFlags, ArgumentFlags {
  readonly limit?: number;
  readonly json?: boolean;
}

const SIGNAL_NOTES: SignalNotes = { stopping: () => 'stopping', ending: 'ending now' };

/** `check`: reads and verifies all of a file, and does nothing else. */
export function addCheckCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('check')
    .description('Verify a CSV file against a task: nothing is called, nothing is written')
    .argument('<task>', 'category/action')
    .argument('<file>', 'the CSV file, - is standard input');
  examples(
    command,
    'rowmill check contacts/clean contacts.csv',
    'rowmill check contacts/clean contacts.csv --json',
  );
  addInputFlags(command);
  addArgumentFlags(command);
  command
    .optionsGroup('Which rows:')
    .option('--limit <n>', 'look at so many rows at most', wholeNumber(1));
  addReportFlags(command);
  command.action((task: string, file: string, flags: CheckFlags) =>
    checkCommand(context, command, { name: task, file, flags }),
  );
}

async function checkCommand(
  context: CommandContext,
  command: Command,
  { name, file, flags }: { name: string; file: string; flags: CheckFlags },
): Promise<void> {
  const { host, screen } = context;
  const { workingDirectory, stderr } = host;
  const workspace = await context.open(command);
  const { task } = await workspace.tasks.find(name);
  context.warnOfModules(workspace);
  const args = await taskArguments(task, flags, {
    workingDirectory,
    warn: (message) => screen.warn(message),
  });
  const input = runInput(task, file, { flags, workingDirectory });
  const service = await workspace.runs();
  const view = await createProgressView(workspace.settings.progress, {
    screen,
    stderr,
    task: name,
  });
  const terminal = terminalHandles(host, {
    listeners: view,
    notes: SIGNAL_NOTES,
    note: (line) => view.note(line),
  });
  let check: CheckResult;
  try {
    const request = {
      task,
      arguments: args,
      input,
      options: inputOptions(flags),
      limit: flags.limit,
    };
    check = await service.check(request, terminal.handles);
  } catch (error) {
    const signal = terminal.signal();
    // A server tells nothing of a check that was ended.
    if (signal === undefined || workspace.server === undefined) throw error;
    context.exitCode = EXIT_OF_SIGNAL[signal];
    return;
  } finally {
    view.end();
    terminal.release();
  }
  const signal = terminal.signal();
  const isStopped = signal !== undefined;
  context.exitCode = isStopped
    ? EXIT_OF_SIGNAL[signal]
    : exitCodeOfTally({ succeeded: check.valid, failed: check.invalid });
  if (flags.json === true) {
    screen.json({ ...checkJson(check), stopped: isStopped, exit_code: context.exitCode });
    return;
  }
  printCheck(screen, check, isStopped);
  if (file !== '-' && !isStopped) {
    const words = context.words.map((word) => (word === 'check' ? 'run' : word));
    printNext(screen, [{ command: shellWords(['rowmill', ...words]), why: 'runs it' }]);
  }
}

function printCheck(screen: Screen, check: CheckResult, isStopped: boolean): void {
  const { bold, green, red, yellow } = screen.outColors;
  if (isStopped) {
    screen.out(yellow(`stopped: only the first ${counted(check.rows, 'row')} were looked at`));
  }
  const verdict =
    check.invalid === 0
      ? green(isStopped ? `${count(check.valid)} valid` : 'every row is valid')
      : `${green(`${count(check.valid)} valid`)}, ${red(`${count(check.invalid)} invalid`)}`;
  screen.out(
    `${bold(visible(check.task))}: ${counted(check.rows, 'row')} in ${duration(check.elapsedMs)}: ${verdict}`,
  );
  screen.out(
    visible(
      `read as ${check.encoding}, ${dialectText(check.dialect)}, ${counted(check.header.length, 'column')}`,
    ),
  );
  for (const { column, header, how } of check.matches) {
    if (how !== 'exact')
      screen.out(visible(`column ${column} is "${header}" in the file (${how})`));
  }
  if (check.unknownColumns.length > 0) {
    screen.out(
      visible(`copied as they are, unknown to the task: ${check.unknownColumns.join(', ')}`),
    );
  }
  if (check.duplicateRows > 0) screen.out(yellow(counted(check.duplicateRows, 'duplicate row')));
  for (const { kind, column, count: times, firstRow, exampleValue } of check.damage) {
    const where = `${counted(times, 'cell')} in ${column}, first in row ${count(firstRow)}`;
    screen.out(yellow(visible(`${kind}: ${where}: "${exampleValue}"`)));
  }
  for (const line of [...causeLines(check.causes), ...warningLines(check.warnings, check.repaired)])
    screen.out(line);
  printForecast(screen, check);
}

/** What a run will do, as far as can be said. */
function printForecast(screen: Screen, { dryRun, expectedRunMs, task }: CheckResult): void {
  if (dryRun !== undefined) {
    const { rows, succeeded, failed, causes } = dryRun;
    const outcome = `${count(succeeded)} ok, ${count(failed)} failed`;
    screen.out(`\n${visible(task)} was tried on the first ${counted(rows, 'row')}: ${outcome}`);
    for (const line of causeLines(causes)) screen.out(line);
  }
  if (expectedRunMs !== undefined) {
    screen.out(`a run takes about ${duration(expectedRunMs)}, at the rate of the last one`);
  }
}
