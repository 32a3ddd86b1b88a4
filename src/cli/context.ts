import type { Command } from 'commander';
import { RowmillError } from '../engine/errors.ts';
import type { ExitCode } from './exit-codes.ts';
import type { CommandLineHost, Workspace } from './host.ts';
import type { Screen } from './screen.ts';

/** Flags that every command has. */
interface GlobalFlags {
  readonly tasks?: readonly string[];
  readonly data?: string;
  readonly server?: string;
  readonly profile?: string;
  readonly color?: 'auto' | 'always' | 'never' | false;
}

/** One call of the command line: what its commands share. */
export class CommandContext {
  readonly host: CommandLineHost;
  readonly screen: Screen;
  /** The words of this call, the program's name not among them. */
  readonly words: readonly string[];
  /** What the process will say when it ends. */
  exitCode: ExitCode = 0;

  constructor(host: CommandLineHost, screen: Screen, words: readonly string[]) {
    this.host = host;
    this.screen = screen;
    this.words = words;
  }

  /** Settings, tasks and runs, as the flags of this command say. */
  async open(command: Command, place: 'here' | 'as_set' = 'as_set'): Promise<Workspace> {
    const flags: GlobalFlags = command.optsWithGlobals();
    const { data: dataDir, color: _, ...others } = flags;
    const settings = {
      ...settingsAmong(others),
      dataDir,
      color: colorOf(flags),
    };
    const workspace = await this.host.open(settings, place);
    this.screen.colorMode = workspace.settings.color;
    for (const warning of workspace.warnings) this.screen.warn(warning);
    return workspace;
  }

  /** Says on stderr which modules did not load. They stop nothing that does not need them. */
  warnOfModules({ tasks }: Workspace): void {
    for (const { file, message } of tasks.problems) {
      this.screen.warn(`${file} did not load: ${message}`);
    }
  }

  /** Flags of this call that say where tasks and runs are: a command that is to follow needs them too. */
  globalWords(command: Command): string[] {
    const { tasks = [], data, server, profile }: GlobalFlags = command.optsWithGlobals();
    const flags = [
      ...tasks.map((path) => ['--tasks', path]),
      ...(data === undefined ? [] : [['--data', data]]),
      ...(server === undefined ? [] : [['--server', server]]),
      ...(profile === undefined ? [] : [['--profile', profile]]),
    ];
    return flags.flat();
  }

  /** Asks on the terminal. Without one, `yesFlag` has to be given. */
  async confirm(question: string, yesFlag = '--yes'): Promise<boolean> {
    if (this.host.stdin.isTTY !== true || !this.screen.stderrIsTerminal) {
      throw new RowmillError(
        'usage',
        `${question} Say ${yesFlag}: there is no terminal to ask on.`,
      );
    }
    const { confirm } = await import('@clack/prompts');
    // On stderr: stdout is data. The stream is the process's own, which is a terminal here.
    const output = this.host.stderr as unknown as NodeJS.WriteStream;
    return (await confirm({ message: question, initialValue: false, output })) === true;
  }

  /** Asks for a secret on the terminal without showing it; without one, standard input is the secret. */
  async readSecret(question: string): Promise<string> {
    if (this.host.stdin.isTTY !== true || !this.screen.stderrIsTerminal) {
      return (await this.host.readStdin()).trim();
    }
    const { password } = await import('@clack/prompts');
    const output = this.host.stderr as unknown as NodeJS.WriteStream;
    const answer = await password({ message: question, output });
    if (typeof answer !== 'string') throw new RowmillError('usage', 'nothing was entered');
    return answer.trim();
  }
}

/** Flags of a command that are settings, and bear their names. */
const SETTING_FLAGS = [
  'tasks',
  'handlers',
  'containerEngine',
  'progress',
  'host',
  'port',
  'database',
  'filesDir',
  'slots',
  'allowAddresses',
  'fileRoots',
  'maxUploadBytes',
  'logLevel',
  'publicUrl',
  'server',
  'profile',
] as const;

function settingsAmong(
  flags: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(SETTING_FLAGS.map((name) => [name, flags[name]]));
}

function colorOf({ color }: GlobalFlags): 'auto' | 'always' | 'never' | undefined {
  return color === false ? 'never' : color;
}
