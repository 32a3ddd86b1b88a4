import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { addScriptRunCommand } from './script/run.ts';
import { addScriptRuntimesCommand } from './script/runtimes.ts';

/** `script`: programs that nobody here has read, each in a sandbox of its own. */
export function addScriptCommand(program: Command, context: CommandContext): void {
  const script = program
    .command('script')
    .description('Scripts in JavaScript, TypeScript and Python, in a sandbox on this machine');
  examples(script, 'rowmill script run count.py', 'rowmill script runtimes');
  addScriptRunCommand(script, context);
  addScriptRuntimesCommand(script, context);
}
