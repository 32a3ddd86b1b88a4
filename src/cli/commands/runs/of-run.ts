import type { Command } from 'commander';
import type { RunService, RunSummary } from '../../../engine/run/run-service.ts';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';

/** What a command does with one run. */
export type RunAct = (
  run: RunSummary,
  service: RunService,
  how: {
    readonly context: CommandContext;
    readonly isJson: boolean;
    /** The run is a server's. */
    readonly isRemote: boolean;
    readonly flags: OfRunFlags;
    readonly globalWords: readonly string[];
  },
) => Promise<void>;

interface OfRunFlags {
  readonly json?: boolean;
  readonly hash?: boolean;
  readonly row?: number;
}

/** A command about one run, by its id. */
export function addOfRunCommand(
  runs: Command,
  context: CommandContext,
  { name, description, act }: { name: string; description: string; act: RunAct },
): Command {
  const command = runs
    .command(name)
    .description(description)
    .argument('<run>', 'its id')
    .option('--json', 'print it as JSON');
  examples(command, `rowmill runs ${name} RUN`);
  command.action(async (runId: string, flags: OfRunFlags) => {
    const workspace = await context.open(command);
    const service = await workspace.runs();
    const isJson = flags.json === true;
    const isRemote = workspace.server !== undefined;
    const how = { context, isJson, isRemote, flags, globalWords: context.globalWords(command) };
    await act(await service.show(runId), service, how);
  });
  return command;
}
