import { Command, Option } from 'commander';
import { addCheckCommand } from './commands/check.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addConfigCommand } from './commands/config.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addNewTaskCommand } from './commands/new-task.ts';
import { addResumeCommand } from './commands/resume.ts';
import { addRunCommand } from './commands/run.ts';
import { addRunsCommand } from './commands/runs.ts';
import { addTasksCommand } from './commands/tasks.ts';
import type { CommandContext } from './context.ts';
import { collect } from './flag-values.ts';
import { examples } from './help-texts.ts';
import { visible } from './visible-text.ts';

/** Every command and flag. Commander throws instead of ending the process. */
export function createProgram(context: CommandContext): Command {
  const { screen, host } = context;
  const program = new Command('rowmill')
    .description('Any CSV, through any task, at speed; what is interrupted goes on where it ended')
    .version(host.version, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => screen.raw(text),
      writeErr: (text) => screen.err(text.trimEnd()),
      getOutHelpWidth: () => Math.min(screen.stdoutWidth, 100),
      getErrHelpWidth: () => Math.min(screen.stderrWidth, 100),
      getOutHasColors: () => screen.stdoutHasColors,
      getErrHasColors: () => screen.stderrHasColors,
      // The message holds what was typed.
      outputError: (text, write) => write(text.split('\n').map(visible).join('\n')),
    })
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (title) => screen.outColors.bold(title),
    })
    .showHelpAfterError('(--help shows how it is used)')
    .optionsGroup('Everywhere:')
    .option('--tasks <path>', 'a file, folder or quoted glob of task modules (repeatable)', collect)
    .option('--data <dir>', 'the folder of the runs (default: .rowmill)')
    .addOption(
      new Option('--color <when>', 'colours and bold text').choices(['auto', 'always', 'never']),
    )
    .option('--no-color', 'the same as --color never');
  examples(
    program,
    'rowmill run contacts/clean contacts.csv -o clean.csv',
    'rowmill check contacts/clean contacts.csv',
    'rowmill tasks',
    'rowmill new-task orders/price',
  );
  addRunCommand(program, context);
  addCheckCommand(program, context);
  addTasksCommand(program, context);
  addNewTaskCommand(program, context);
  addRunsCommand(program, context);
  addResumeCommand(program, context);
  addDoctorCommand(program, context);
  addConfigCommand(program, context);
  addCompletionCommand(program, context);
  return program;
}
