import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { messageOf, RowmillError } from '../../../engine/errors.ts';
import { SCRIPT_LOG_LEVELS, type ScriptLogLevel } from '../../../engine/ports/script-executor.ts';
import type { JsonValue } from '../../../engine/task/json-value.ts';
import { DEFAULT_EXECUTOR, makeLimits } from '../../../engine/script/executor-definition.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT_CODES, EXIT_OF_SIGNAL, type StopSignalName } from '../../exit-codes.ts';
import { collect, pair, positiveNumber, wholeNumber, type Pairs } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import type { CommandLineHost } from '../../host.ts';
import { JsonFileStorage } from '../../json-file-storage.ts';
import { readScript } from '../../read-script.ts';
import { recordJson, scriptRecordLines } from '../../script-record.ts';

interface Flags {
  readonly event: string;
  readonly secret?: Pairs;
  readonly with?: readonly string[];
  readonly class?: string;
  readonly memory?: number;
  readonly timeout?: number;
  readonly outputBytes?: number;
  readonly processes?: number;
  readonly folder?: number;
  readonly runtime: string;
  readonly network?: boolean;
  readonly read?: readonly string[];
  readonly storage?: string;
  readonly logLevel: ScriptLogLevel;
  readonly json?: boolean;
}

const { limits: LIMITS, runtimeVersion: RUNTIME } = DEFAULT_EXECUTOR;

/** `script run`. */
export function addScriptRunCommand(script: Command, context: CommandContext): void {
  const command = script
    .command('run')
    .description('Execute one script in a sandbox, and print what came of it')
    .argument('<file>', 'the file with the job: .js, .ts or .py')
    .option('--event <json>', 'what the job is called with: JSON, @FILE or @- for stdin', 'null')
    .option('--secret <key=env:NAME>', 'a secret, from an environment variable (repeatable)', pair)
    .option('--with <path>', 'a file or folder that it imports (repeatable)', collect)
    .option('--class <name>', 'the class of the job, where there are several')
    .option('--memory <mb>', `all of its processes (default: ${LIMITS.memoryMb})`, wholeNumber(1))
    .option('--timeout <seconds>', `default: ${LIMITS.timeoutSeconds}`, positiveNumber)
    .option(
      '--output-bytes <n>',
      `what it prints, logs and returns (default: ${LIMITS.outputBytes})`,
      wholeNumber(1),
    )
    .option(
      '--processes <n>',
      `processes and threads at once (default: ${LIMITS.processes})`,
      wholeNumber(1),
    )
    .option('--folder <mb>', `the files it writes (default: ${LIMITS.folderMb})`, wholeNumber(1))
    .option('--runtime <version>', '$STABLE, $LATEST or a version such as 3.11', RUNTIME)
    .option('--network', 'let it reach the network of this machine')
    .option('--read <path>', 'a file or folder that it may read (repeatable)', collect)
    .option('--storage <file>', 'keep what it stores in this JSON file')
    .addOption(
      new Option('--log-level <level>', 'what is logged below it is dropped')
        .choices(SCRIPT_LOG_LEVELS)
        .default('info'),
    )
    .option('--json', 'print the record as JSON');
  examples(
    command,
    'rowmill script run count.py --event @event.json',
    'rowmill script run main.ts --with lib --secret api=env:API_KEY',
    'rowmill script run count.py --storage values.json --memory 256 --timeout 60',
  );
  command.action((file: string, flags: Flags) => runScript(context, file, flags));
}

async function runScript(context: CommandContext, file: string, flags: Flags): Promise<void> {
  const { host, screen } = context;
  const { workingDirectory } = host;
  const place = (path: string): string => resolve(workingDirectory, path);
  const event = await readEvent(flags.event, host);
  const bundle = await readScript(file, {
    beside: flags.with ?? [],
    className: flags.class,
    workingDirectory,
  });
  const stop = new AbortController();
  let signal: StopSignalName | undefined;
  const unlisten = host.onSignal((name) => {
    signal = name;
    stop.abort(new Error(`by ${name}`));
  });
  const executor = await host.scripts();
  const outcome = await executor
    .run({
      bundle,
      event,
      secrets: readSecrets(flags.secret, host.environment),
      runtimeVersion: flags.runtime,
      limits: makeLimits({
        memoryMb: flags.memory,
        timeoutSeconds: flags.timeout,
        outputBytes: flags.outputBytes,
        processes: flags.processes,
        folderMb: flags.folder,
      }),
      access: { network: flags.network === true, readable: (flags.read ?? []).map(place) },
      logLevel: flags.logLevel,
      storage: await JsonFileStorage.open(
        flags.storage === undefined ? undefined : place(flags.storage),
      ),
      signal: stop.signal,
    })
    .finally(unlisten);
  if (flags.json === true) screen.json(recordJson(outcome));
  else for (const line of scriptRecordLines(outcome, event)) screen.out(line);
  const isFine = outcome.resultCode === 'success' || outcome.resultCode === 'idle';
  if (isFine) return;
  context.exitCode = signal === undefined ? EXIT_CODES.internal.code : EXIT_OF_SIGNAL[signal];
}

async function readEvent(written: string, host: CommandLineHost): Promise<JsonValue> {
  let text = written;
  if (written === '@-') text = await host.readStdin();
  else if (written.startsWith('@')) {
    const path = resolve(host.workingDirectory, written.slice(1));
    text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new RowmillError('usage', `--event ${written}: ${messageOf(cause)}`, { cause });
    });
  }
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new RowmillError(
      'usage',
      `--event: ${messageOf(cause)}; expected JSON, such as '{"name": "Ann"}'`,
      { cause },
    );
  }
}

/** Only from the environment: a command line is seen by other users. */
function readSecrets(
  given: Pairs = {},
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const entries = Object.entries(given).map(([key, source]) => {
    const name = /^env:(.+)$/.exec(source)?.[1];
    if (name === undefined) {
      throw new RowmillError(
        'usage',
        `--secret ${key}: expected ${key}=env:NAME, with the secret in the environment variable NAME: a command line is seen by other users`,
      );
    }
    const value = environment[name];
    if (value !== undefined && value !== '') return [key, value] as const;
    throw new RowmillError('usage', `--secret ${key}: the environment variable ${name} is not set`);
  });
  return Object.fromEntries(entries);
}
