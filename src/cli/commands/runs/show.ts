import type { Command } from 'commander';
import { isFinal } from '../../../engine/run/status.ts';
import type { CommandContext } from '../../context.ts';
import { count, moment } from '../../figures.ts';
import { summaryJson } from '../../json-forms.ts';
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
