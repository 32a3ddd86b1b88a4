import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion.ts';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';

/** `completion`: the script that makes a shell complete commands, tasks and runs. */
export function addCompletionCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('completion')
    .description('Print the script that makes a shell complete commands, flags, tasks and runs')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS));
  examples(
    command,
    "echo 'source <(rowmill completion bash)' >> ~/.bashrc",
    "echo 'source <(rowmill completion zsh)' >> ~/.zshrc",
    'rowmill completion fish > ~/.config/fish/completions/rowmill.fish',
  );
  command.action(async (shell: Shell) => context.screen.out(await completionScript(shell)));
}
