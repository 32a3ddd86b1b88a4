import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { visible, visibleJson } from '../../visible-text.ts';
import { mapped } from './mapped.ts';
import { addOfRunCommand, type RunAct } from './of-run.ts';

/** `runs log`. */
export function addRunsLogCommand(runs: Command, context: CommandContext): void {
  addOfRunCommand(runs, context, {
    name: 'log',
    description: 'What happened during a run',
    act: printLog,
  });
}

const printLog: RunAct = async (run, service, { context, isJson }) => {
  const form = isJson ? (line: string) => visibleJson({ line }) : visible;
  await context.screen.stream(mapped(service.log(run.runId), form));
};
