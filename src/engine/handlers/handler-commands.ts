/** A command that entities of the type `process` may name. */
export interface HandlerCommand {
  /** The program with its first words. */
  readonly command: readonly [string, ...string[]];
  /** Whether an entity may add words of its own. */
  readonly takesArguments: boolean;
  /** Folder it runs in; undefined for one of its own, which goes with it. */
  readonly folder: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Of what it prints, and of each file that it writes. */
  readonly outputMb: number;
}

export type HandlerCommands = Readonly<Record<string, HandlerCommand>>;

const FIELDS = [
  'command',
  'arguments',
  'folder',
  'environment',
  'timeout',
  'memory',
  'output',
] as const;
/** What is read whole as a result. */
const MOST_OUTPUT_MB = 64;

/** `{"render": {"command": ["/usr/bin/render"]}}`, as an object or its text; else what is wrong with it. */
export function readHandlerCommands(
  written: unknown,
): { readonly value: HandlerCommands } | { readonly problem: string } {
  const given = typeof written === 'string' ? parsed(written) : written;
  if (!isObject(given)) {
    return { problem: 'expected an object: {"render": {"command": ["/usr/bin/render"]}}' };
  }
  const commands: Record<string, HandlerCommand> = {};
  for (const [name, said] of Object.entries(given)) {
    const read = commandOf(said);
    if (typeof read === 'string') return { problem: `${name}: ${read}` };
    commands[name] = read;
  }
  return { value: commands };
}

/** As a text, what is wrong. */
function commandOf(said: unknown): HandlerCommand | string {
  if (!isObject(said)) return 'expected an object with a command';
  const unknown = Object.keys(said).filter((field) => !FIELDS.some((known) => known === field));
  if (unknown.length > 0) return `${unknown.join(', ')}: expected ${FIELDS.join(', ')}`;
  const { command, folder, environment = {} } = said;
  const takesArguments = said['arguments'] ?? false;
  const [program, ...words] = isTexts(command) ? command : [];
  if (program === undefined || program === '') {
    return 'command: expected a list of texts, the program first';
  }
  if (typeof takesArguments !== 'boolean') return 'arguments: expected true or false';
  if (folder !== undefined && !(typeof folder === 'string' && folder.startsWith('/'))) {
    return 'folder: expected an absolute path';
  }
  if (!isObject(environment) || !isTexts(Object.values(environment))) {
    return 'environment: expected an object of texts';
  }
  const timeoutSeconds = said['timeout'] ?? 600;
  const memoryMb = said['memory'] ?? 128;
  const outputMb = said['output'] ?? 16;
  if (!isNumber(timeoutSeconds, 604_800)) return 'timeout: expected seconds above 0, up to a week';
  if (!isNumber(memoryMb, 1_000_000)) return 'memory: expected MB above 0';
  if (!isNumber(outputMb, MOST_OUTPUT_MB)) {
    return `output: expected MB above 0, up to ${MOST_OUTPUT_MB}`;
  }
  return {
    command: [program, ...words],
    takesArguments,
    folder,
    environment: Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, String(value)]),
    ),
    timeoutSeconds,
    memoryMb,
    outputMb,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isNumber(value: unknown, most: number): value is number {
  return typeof value === 'number' && value > 0 && value <= most;
}
