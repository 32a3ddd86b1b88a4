import type { Command } from 'commander';
import type { RowLineage, RunFamilySummary, RunSummary } from '../../../engine/run/run-service.ts';
import { isFinal } from '../../../engine/run/status.ts';
import type { CommandContext } from '../../context.ts';
import { count, moment } from '../../figures.ts';
import { wholeNumber } from '../../flag-values.ts';
import { familyJson, runJson } from '../../json-forms.ts';
import type { NextCommand } from '../../next-commands.ts';
import { printNext } from '../../run-report.ts';
import type { Screen } from '../../screen.ts';
import { shellWords } from '../../shell-words.ts';
import { visible } from '../../visible-text.ts';
import { addOfRunCommand, type RunAct } from './of-run.ts';
import { statusWord } from './status-word.ts';

/** `runs show`. */
export function addRunsShowCommand(runs: Command, context: CommandContext): void {
  addOfRunCommand(runs, context, {
    name: 'show',
    description: 'What is stored of a run',
    act: showRun,
  })
    .option('--hash', 'compute the SHA-256 of its whole input and output, and store them')
    .option('--row <n>', 'what this run and its retries made of row N', wholeNumber(1));
}

const showRun: RunAct = async (found, service, { context, isJson, flags, globalWords }) => {
  const { screen } = context;
  if (flags.row !== undefined) {
    printLineage(screen, await service.lineage(found.runId, flags.row), isJson);
    return;
  }
  const run = flags.hash === true ? await service.hash(found.runId) : found;
  const family = await service.family(run.runId);
  if (isJson) {
    screen.json({ ...runJson(run), ...familyJson(family) });
    return;
  }
  const facts = [
    ['run', run.runId],
    ['task', run.task],
    ['status', statusWord(run)],
    ['rows', rowsText(run, family)],
    ['parent', parentText(family)],
    ['children', childrenText(family)],
    ['undone', family.isReverted ? 'every row that succeeded' : undefined],
    ['message', run.message],
    ['input', run.inputPath],
    ['output', run.outputPath],
    ['begun', moment(run.createdAt)],
    ['ended', run.finishedAt === undefined ? undefined : moment(run.finishedAt)],
    ['folder', run.folder],
    ['code', run.manifest.codeHash],
    ['input SHA-256', run.manifest.inputSha256],
    ['output SHA-256', run.manifest.outputSha256],
  ] as const;
  const width = run.manifest.outputSha256 === undefined ? 8 : 14;
  for (const [name, value] of facts) {
    if (value !== undefined)
      screen.out(`${screen.outColors.dim(name.padEnd(width))} ${visible(value)}`);
  }
  const next: NextCommand[] = [];
  const add = (why: string, ...words: readonly string[]): void => {
    next.push({ command: shellWords(['rowmill', ...words, run.runId, ...globalWords]), why });
  };
  if (run.canResume) add('goes on with it', 'resume');
  if (run.isLive) add('follows it', 'runs', 'watch');
  if (run.isLive && run.status === 'paused') add('lets it go on', 'runs', 'resume');
  if (run.failed > 0) add('why rows failed', 'runs', 'errors');
  if (family.effective !== undefined && family.parent === undefined) {
    const words = ['rowmill', 'runs', 'save', run.runId, '--merged', 'merged.csv', ...globalWords];
    next.push({ command: shellWords(words), why: 'the output with what was done again' });
  }
  printNext(screen, next);
  if (!run.canResume && !run.isLive && !isFinal(run.status))
    screen.err('\nit streamed, so it cannot be resumed: start it again');
};

/** `42 ok, 9 failed -> 7 fixed by run X, 2 still failed`. */
function rowsText({ succeeded, failed }: RunSummary, { effective }: RunFamilySummary): string {
  const first = `${count(succeeded)} ok, ${count(failed)} failed`;
  if (effective === undefined) return first;
  const fixed = effective.fixedBy.map(({ runId, rows }) => `${count(rows)} fixed by run ${runId}`);
  return `${first} -> ${[...fixed, `${count(effective.failed)} still failed`].join(', ')}`;
}

function parentText({ parent }: RunFamilySummary): string | undefined {
  if (parent === undefined) return undefined;
  return parent.kind === 'retry'
    ? `${parent.runId}, of which it did rows again`
    : `${parent.runId}, which it undid`;
}

function childrenText({ children }: RunFamilySummary): string | undefined {
  if (children.length === 0) return undefined;
  return children.map(({ runId, kind, status }) => `${runId} (${kind}, ${status})`).join(', ');
}

function printLineage(screen: Screen, { row, results }: RowLineage, isJson: boolean): void {
  if (isJson) {
    const said = results.map(({ runId, outcome, error }) => ({
      run_id: runId,
      outcome,
      error: error ?? null,
    }));
    screen.json({ row, run_id: results.at(-1)?.runId ?? null, results: said });
    return;
  }
  if (results.length === 0) screen.out(`row ${count(row)} was not processed`);
  results.forEach(({ runId, outcome, error }, index) => {
    const counts = index === results.length - 1 ? '  <- counts' : '';
    screen.out(visible(`${runId}  ${outcome}${error === undefined ? '' : `: ${error}`}${counts}`));
  });
}
