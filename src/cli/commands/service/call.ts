import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { exitCodeOfRun } from '../../exit-codes.ts';
import { examples } from '../../help-texts.ts';
import { recordLines } from '../job/record-lines.ts';
import { serviceDesksOf } from './desk.ts';

/** `service call`. */
export function addServiceCallCommand(service: Command, context: CommandContext): void {
  const command = service
    .command('call')
    .description('Call a service now, and print what it answers')
    .argument('<service>', 'its name')
    .option('--json', 'print the record of the call as JSON');
  examples(command, 'rowmill service call import_patients --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const { services, jobs } = await serviceDesksOf(command, context);
    const { id } = await services.show(name);
    const stop = new AbortController();
    const unlisten = context.host.onSignal(() => stop.abort());
    const how = { waits: true, signal: stop.signal };
    const run = await jobs.start(id, {}, how).finally(unlisten);
    const { screen } = context;
    if (json === true) screen.json(run.json);
    else for (const line of recordLines(run)) screen.out(line);
    context.exitCode = exitCodeOfRun({
      result: run,
      signal: stop.signal.aborted ? 'SIGINT' : undefined,
      isCanary: false,
      inputIsPipe: false,
    });
  });
}
