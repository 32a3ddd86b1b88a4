import type { Command } from 'commander';
import { isFinal } from '../../../engine/run/status.ts';
import type { CommandContext } from '../../context.ts';
import { count, moment } from '../../figures.ts';
import { runJson } from '../../json-forms.ts';
import type { NextCommand } from '../../next-commands.ts';
import { printNext } from '../../run-report.ts';
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
  }).option('--hash', 'compute the SHA-256 of its whole input and output, and store them');
}

const showRun: RunAct = async (found, service, { context, isJson, flags, globalWords }) => {
  const { screen } = context;
  const run = flags.hash === true ? await service.hash(found.runId) : found;
  if (isJson) {
    screen.json(runJson(run));
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
  printNext(screen, next);
  if (!run.canResume && !run.isLive && !isFinal(run.status))
    screen.err('\nit streamed, so it cannot be resumed: start it again');
};
