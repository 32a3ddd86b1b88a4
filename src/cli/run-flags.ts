import { Option, type Command } from 'commander';
import type { MaxFailures } from '../engine/task/task.ts';
import {
  mapping,
  pair,
  positiveNumber,
  readDelimiter,
  readEncoding,
  readEscape,
  readMaxFailures,
  readQuote,
  wholeNumber,
  type Pairs,
} from './flag-values.ts';
import type { Settings } from '../settings.ts';
import { PROGRESS_MODES } from './progress.ts';

/** Flags that say how the input is to be read. */
export interface InputFlags {
  readonly map?: Pairs;
  readonly set?: Pairs;
  readonly delimiter?: string;
  readonly quote?: string;
  readonly escape?: string;
  readonly encoding?: string;
  readonly skipLines?: number;
}

/** Flags that give a task its arguments. */
export interface ArgumentFlags {
  readonly arg?: Pairs;
  readonly argsFile?: string;
}

/** Flags of `run`. */
export interface RunFlags extends InputFlags, ArgumentFlags {
  readonly output?: string;
  readonly failed?: string;
  readonly errors?: string;
  readonly unprocessed?: string;
  readonly limit?: number;
  readonly canary?: number;
  readonly fromRow?: number;
  readonly resume?: boolean;
  readonly acceptNewCode?: boolean;
  readonly spool: boolean;
  readonly onInvalid?: 'reject' | 'abort';
  readonly maxFailures?: MaxFailures;
  readonly concurrency?: number;
  readonly threads?: number;
  readonly waitMs?: number;
  readonly maxRowsPerSecond?: number;
  readonly retry?: number;
  readonly excelSafe?: boolean;
  readonly json?: boolean;
  readonly progress?: Settings['progress'];
  readonly yes?: boolean;
  readonly detach?: boolean;
}

export const INPUT_FLAG_NAMES = [
  'map',
  'set',
  'delimiter',
  'quote',
  'escape',
  'encoding',
  'skipLines',
] as const satisfies readonly (keyof InputFlags)[];

/** Flags of `run` about rows of an input: a task that has none cannot heed them. */
export const ROW_FLAG_NAMES = [
  'fromRow',
  'failed',
  'unprocessed',
  'onInvalid',
  'concurrency',
  'threads',
] as const satisfies readonly (keyof RunFlags)[];

/** What a run of other rows of the same file has to be told again: all that is not found by looking. */
export function wordsForSameRows({ map = {}, set = {}, arg = {}, argsFile }: RunFlags): string[] {
  const pairs = (flag: string, values: Pairs): string[] =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  return [
    ...pairs('--map', map),
    ...pairs('--set', set),
    ...pairs('--arg', arg),
    ...(argsFile === undefined ? [] : ['--args-file', argsFile]),
  ];
}

/** All flags of `run`, in the order of a run. */
export function addRunFlags(command: Command): void {
  addInputFlags(command);
  addArgumentFlags(command);
  command
    .optionsGroup('Which rows:')
    .option('--limit <n>', 'process at most so many rows (without input: steps)', wholeNumber(1))
    .option(
      '--canary <n>',
      'process so many rows (without input: steps), then pause, to look before going on',
      wholeNumber(1),
    )
    .option('--from-row <n>', 'begin at this row, 1 is the first below the header', wholeNumber(1))
    .optionsGroup('Output:')
    .option(
      '-o, --output <file>',
      'where the output goes, - is standard output (default: the run folder)',
    )
    .option(
      '--failed <file>',
      'write the failed rows there, with their errors, to be fixed and run again',
    )
    .option('--errors <file>', 'write a report there: row, line, column, value, code, message')
    .option('--unprocessed <file>', 'write the rows there whose turn never came')
    .option('--excel-safe', 'make cells safe to open in a spreadsheet program: formulas stay text')
    .optionsGroup('Going on and giving up:')
    .option('--detach', 'on a server: start the run and do not follow it; its id is printed')
    .option('--resume', 'go on with the unfinished run of the same task, input and output')
    .option('--accept-new-code', 'go on although the code of the task has changed')
    .option(
      '--max-failures <n|p%>',
      'end the run when N rows have failed, or more than P % of the processed ones (from 100 on)',
      readMaxFailures,
    )
    .addOption(
      new Option(
        '--on-invalid <what>',
        'an invalid row: fail it (reject, the default), or refuse the whole file first (abort)',
      ).choices(['reject', 'abort']),
    )
    .option('--no-spool', 'do not keep standard input in the run folder (cannot be resumed then)')
    .option('--yes', 'do not ask before a destructive task')
    .optionsGroup('Pace:')
    .option('--concurrency <n>', 'rows processed at once; the order is kept', wholeNumber(1))
    .option('--threads <n>', 'threads that share the rows; the output is the same', wholeNumber(1))
    .option('--wait-ms <ms>', 'pause after each row', wholeNumber(0))
    .option('--max-rows-per-second <n>', 'go no faster', positiveNumber)
    .option('--retry <n>', 'try a row that asks for it so many times more', wholeNumber(0));
  addReportFlags(command);
}

/** How the input is read, where it is not to be found out. */
export function addInputFlags(command: Command): void {
  command
    .optionsGroup('Input:')
    .option(
      '--map <src=dst>',
      'column SRC of the file is column DST of the task (repeatable)',
      mapping,
    )
    .option(
      '--set <col=value>',
      'give a column the file lacks, the same for all rows (repeatable)',
      pair,
    )
    .option(
      '--delimiter <char>',
      'between cells: the character, or tab, comma, semicolon, pipe',
      readDelimiter,
    )
    .option('--quote <char>', 'around cells: " or \', or none', readQuote)
    .option(
      '--escape <char>',
      'before a quote in a cell: the quote itself, or backslash',
      readEscape,
    )
    .option('--encoding <name>', 'such as utf-8, utf-16le, windows-1252', readEncoding)
    .option(
      '--skip-lines <n>',
      'lines above the header that are no part of the table',
      wholeNumber(0),
    );
}

export function addArgumentFlags(command: Command): void {
  command
    .optionsGroup('Arguments of the task:')
    .option('--arg <name=value>', 'one argument (repeatable)', pair)
    .option(
      '--args-file <file>',
      'arguments as a JSON object, for long ones; stored with the run, so no place for secrets',
    );
}

export function addReportFlags(command: Command): void {
  command
    .optionsGroup('Report:')
    .addOption(
      new Option('--progress <how>', 'how progress is shown on standard error').choices(
        PROGRESS_MODES,
      ),
    )
    .option('--json', 'print the result as JSON');
}
