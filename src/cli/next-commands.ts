import { relative, sep } from 'node:path';
import type { RunResult } from '../engine/run/run-service.ts';
import { isFinal } from '../engine/run/status.ts';
import { shellWords } from './shell-words.ts';

/** A command that makes sense now, and what it does. */
export interface NextCommand {
  readonly command: string;
  readonly why: string;
}

/** What a person may do after a run, the most likely first. */
export function nextCommands(
  result: RunResult,
  {
    globalWords,
    sameWords,
    workingDirectory,
    isRemote,
    mergesInto,
  }: {
    /** `--tasks …` and the like. */
    readonly globalWords: readonly string[];
    /** `--map …`, `--arg …`: what another run of these rows needs too. */
    readonly sameWords: readonly string[];
    readonly workingDirectory: string;
    /** The run is a server's. */
    readonly isRemote: boolean;
    /** The run whose output the rows of this one belong in. */
    readonly mergesInto?: string | undefined;
  },
): NextCommand[] {
  const next: NextCommand[] = [];
  const add = (why: string, ...words: readonly string[]): void => {
    next.push({ command: shellWords(['rowmill', ...words, ...globalWords]), why });
  };
  const { runId, status } = result;
  const isAtWork = status === 'pending' || status === 'executing';
  if (isRemote && isAtWork) {
    add('follows it', 'runs', 'watch', runId);
    add('ends it', 'runs', 'stop', runId);
  }
  if (isRemote && !isAtWork && result.outputPath === undefined) {
    add('gets its output', 'download', runId, '-o', 'out.csv');
  }
  if (result.canResume && !isFinal(result.status)) {
    add('goes on where it ended', 'resume', result.runId);
  }
  if (mergesInto !== undefined && isFinal(status)) {
    const words = ['runs', 'save', mergesInto, '--merged', 'merged.csv'];
    add('the whole output, with these rows in their places', ...words);
  }
  if (result.failed > 0) {
    add('every failed row and its reason', 'runs', 'errors', result.runId);
    if (result.failedPath === undefined) {
      add(
        'writes them into a file, to be fixed and done again',
        'runs',
        'save',
        result.runId,
        '--failed',
        'failed.csv',
      );
    } else {
      const file = shownPath(result.failedPath, workingDirectory);
      add('once that file is fixed: only its rows', 'runs', 'retry', runId, file);
    }
  }
  if (result.unprocessedPath === undefined && result.hasRest && isFinal(result.status)) {
    add(
      'writes the rows whose turn never came',
      'runs',
      'save',
      result.runId,
      '--unprocessed',
      'rest.csv',
    );
  }
  if (result.unprocessedPath !== undefined && (result.unprocessed ?? 0) > 0 && !result.canResume) {
    const file = shownPath(result.unprocessedPath, workingDirectory);
    add('the rows whose turn never came', 'run', result.task, file, '-o', 'rest.csv', ...sameWords);
  }
  return next;
}

/** A path as it is shortest for who stands in the folder. */
export function shownPath(path: string, workingDirectory: string): string {
  const near = relative(workingDirectory, path);
  return near === '' || near.startsWith(`..${sep}..`) || near.length >= path.length ? path : near;
}
