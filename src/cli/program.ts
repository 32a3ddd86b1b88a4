import { Command, Option } from 'commander';
import type { CommandContext } from './context.ts';
import { collect } from './flag-values.ts';
import { examples } from './help-texts.ts';
import { visible } from './visible-text.ts';

/** The commands and their flags. Commander throws instead of ending the process. */
export async function createProgram(context: CommandContext): Promise<Command> {
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
    .option(
      '--tasks <path>',
      'a file, folder, quoted glob or package of task modules (repeatable)',
      collect,
    )
    .option('--data <dir>', 'the folder of the runs (default: .rowmill)')
    .option('--server <url>', 'speak to this server, instead of running on this machine')
    .option('--profile <name>', 'speak to the server of this login, see: rowmill login')
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
  for (const add of await commandsFor(context.words)) add(program, context);
  return program;
}

type AddCommand = (program: Command, context: CommandContext) => void;

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  run: async () => (await import('./commands/run.ts')).addRunCommand,
  check: async () => (await import('./commands/check.ts')).addCheckCommand,
  tasks: async () => (await import('./commands/tasks.ts')).addTasksCommand,
  'new-task': async () => (await import('./commands/new-task.ts')).addNewTaskCommand,
  runs: async () => (await import('./commands/runs.ts')).addRunsCommand,
  resume: async () => (await import('./commands/resume.ts')).addResumeCommand,
  job: async () => (await import('./commands/job.ts')).addJobCommand,
  source: async () => (await import('./commands/source.ts')).addSourceCommand,
  sftp: async () => (await import('./commands/sftp.ts')).addSftpCommand,
  service: async () => (await import('./commands/service.ts')).addServiceCommand,
  entity: async () => (await import('./commands/entity.ts')).addEntityCommand,
  handler: async () => (await import('./commands/entity.ts')).addHandlerCommand,
  schedule: async () => (await import('./commands/schedule.ts')).addScheduleCommand,
  alert: async () => (await import('./commands/alert.ts')).addAlertCommand,
  executor: async () => (await import('./commands/executor.ts')).addExecutorCommand,
  system: async () => (await import('./commands/system.ts')).addSystemCommand,
  events: async () => (await import('./commands/events.ts')).addEventsCommand,
  queue: async () => (await import('./commands/queue.ts')).addQueueCommand,
  serve: async () => (await import('./commands/serve.ts')).addServeCommand,
  dev: async () => (await import('./commands/serve.ts')).addDevCommand,
  download: async () => (await import('./commands/download.ts')).addDownloadCommand,
  kazoo: async () => (await import('./commands/kazoo.ts')).addKazooCommand,
  login: async () => (await import('./commands/login.ts')).addLoginCommand,
  logout: async () => (await import('./commands/login.ts')).addLogoutCommand,
  profiles: async () => (await import('./commands/login.ts')).addProfilesCommand,
  key: async () => (await import('./commands/key.ts')).addKeyCommand,
  script: async () => (await import('./commands/script.ts')).addScriptCommand,
  secrets: async () => (await import('./commands/secrets.ts')).addSecretsCommand,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctorCommand,
  config: async () => (await import('./commands/config.ts')).addConfigCommand,
  completion: async () => (await import('./commands/completion.ts')).addCompletionCommand,
};

/**
 * Only the command that is called, where that is plain: the others take 15 ms to load. None for the
 * version; all of them for help, for completion, and for whatever is misspelt.
 */
function commandsFor([first = '']: readonly string[]): Promise<AddCommand[]> {
  if (first === '--version' || first === '-V') return Promise.resolve([]);
  const called = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  const wanted = called === undefined ? Object.values(COMMANDS) : [called];
  return Promise.all(wanted.map((load) => load()));
}
