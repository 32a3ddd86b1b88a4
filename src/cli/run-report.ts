import type { CsvWarning } from '../engine/csv/csv-table.ts';
import type { FailureCause, RepairedRows, RunResult } from '../engine/run/run-service.ts';
import type { RunStatus } from '../engine/run/status.ts';
import { count, counted, duration, rate } from './figures.ts';
import { shownPath, type NextCommand } from './next-commands.ts';
import type { Colors, Screen } from './screen.ts';
import { shorten, visible } from './visible-text.ts';

const CAUSES_SHOWN = 5;

/** A result; of a run that another process carried out, it may be that this process has gone. */
type ReportedResult = RunResult & { readonly isInterrupted?: boolean };

/** What a person reads at the end of a run, on stderr. */
export function printRunReport(
  screen: Screen,
  result: ReportedResult,
  {
    warnings,
    next,
    workingDirectory,
  }: {
    warnings: readonly CsvWarning[];
    next: readonly NextCommand[];
    workingDirectory: string;
  },
): void {
  const colors = screen.errColors;
  for (const line of summaryLines(result, colors)) screen.err(line);
  for (const line of [...causeLines(result.causes), ...warningLines(warnings, result.repaired)])
    screen.err(line);
  const files = [
    ['output', result.outputPath],
    ['failed rows', result.failedPath],
    ['errors', result.errorsPath],
    ['unprocessed', result.unprocessedPath],
  ] as const;
  const written = files.filter(([, path]) => path !== undefined);
  if (written.length > 0) screen.err();
  for (const [name, path = ''] of written) {
    screen.err(`${name.padEnd(12)} ${visible(shownPath(path, workingDirectory))}`);
  }
  printNext(screen, next);
}

/** The commands that make sense now. */
export function printNext(screen: Screen, next: readonly NextCommand[]): void {
  if (next.length === 0) return;
  const colors = screen.errColors;
  const width = Math.max(...next.map(({ command }) => command.length));
  screen.err('\nnext:');
  for (const { command, why } of next) {
    screen.err(`  ${colors.bold(command.padEnd(width))}  ${colors.dim(why)}`);
  }
}

/** The most frequent causes of failure, each with its first row. */
export function causeLines(causes: readonly FailureCause[]): string[] {
  if (causes.length === 0) return [];
  const shown = causes.slice(0, CAUSES_SHOWN);
  const width = Math.max(...shown.map((cause) => count(cause.count).length));
  const lines = shown.map((cause) => {
    const { column, message, firstRow, exampleValue } = cause;
    const what = column === undefined ? message : `${column}: ${message}`;
    const example = exampleValue === undefined ? '' : `: "${shorten(exampleValue, 40)}"`;
    const row = `(row ${count(firstRow)}${example})`;
    return visible(`  ${count(cause.count).padStart(width)}  ${shorten(what, 100)}  ${row}`);
  });
  const more = causes.length - shown.length;
  if (more > 0) lines.push(`  … and ${counted(more, 'other cause')}`);
  return ['', 'why rows failed:', ...lines];
}

/** What was guessed or repaired in the input. */
export function warningLines(warnings: readonly CsvWarning[], repaired?: RepairedRows): string[] {
  const lines = warnings.map(({ message }) => `  ${visible(message)}`);
  if (repaired !== undefined) {
    const { firstRow, example } = repaired;
    const first = `the first is row ${count(firstRow)}: ${example}`;
    lines.push(
      visible(`  ${counted(repaired.count, 'row')} read otherwise than written, ${first}`),
    );
  }
  return lines.length === 0 ? [] : ['', 'about the input:', ...lines];
}

function summaryLines(result: ReportedResult, colors: Colors): string[] {
  const { succeeded, failed, unprocessed, elapsedMs } = result;
  const rows = succeeded + failed;
  const parts = [
    colors.green(`${count(succeeded)} ok`),
    ...(failed === 0 ? [] : [colors.red(`${count(failed)} failed`)]),
    ...(unprocessed === undefined || unprocessed === 0
      ? []
      : [`${count(unprocessed)} not processed`]),
  ];
  const speed =
    elapsedMs > 0 && rows > 0 && !result.wasFinished ? ` (${rate((rows / elapsedMs) * 1000)})` : '';
  const head = `${colors.bold(visible(result.task))} ${statusText(result, colors)}`;
  return [
    `${head}: ${counted(rows, 'row')} in ${duration(elapsedMs)}${speed}: ${parts.join(', ')}`,
    ...(result.message === undefined ? [] : [visible(result.message)]),
  ];
}

const STATUS_TEXTS = {
  pending: 'has not begun',
  executing: 'is still executing',
  paused: 'is paused',
  stopped: 'was stopped',
  success: 'is done',
  failure: 'is done, every row failed',
  partial: 'is done, some rows failed',
  internal_error: 'could not go on',
  dropped_dup: 'was dropped: an equal event had started a run',
} as const satisfies Record<RunStatus, string>;

function statusText(
  { status, wasFinished, isInterrupted }: ReportedResult,
  colors: Colors,
): string {
  if (isInterrupted === true) return colors.red('was interrupted: its process has gone');
  const text = wasFinished
    ? `had finished before and ${STATUS_TEXTS[status]}`
    : STATUS_TEXTS[status];
  if (status === 'success') return colors.green(text);
  return status === 'internal_error' || status === 'failure'
    ? colors.red(text)
    : colors.yellow(text);
}
