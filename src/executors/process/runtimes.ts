import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ScriptLimits, ScriptRuntimeFacts } from '../../engine/ports/script-executor.ts';
import { compareVersions } from '../../engine/script/pick-runtime.ts';
import {
  ASK_LIBRARIES,
  LEAST_PYTHON,
  MODULES_FOLDER,
  NODE_LIBRARIES,
  nodeWords,
  PYTHON_FOLDER,
  PYTHON_WORDS,
} from '../protocol/program-command.ts';
import type { ProgramPlaces } from '../protocol/program-files.ts';
import type { SandboxedProgram } from './sandbox.ts';

/** A runtime with the program that speaks our protocol in it. */
export interface ProcessRuntime extends Omit<ScriptRuntimeFacts, 'libraries'> {
  /** Asked for by people only: it takes a while. */
  libraries(): Promise<readonly string[]>;
  program(limits: ScriptLimits): SandboxedProgram;
}

/** The Node.js of this very process, for JavaScript and TypeScript. */
export function nodeRuntimes({ javascript, jiti }: ProgramPlaces): ProcessRuntime[] {
  const file = fileURLToPath(javascript);
  const built = dirname(file);
  const runtime = {
    version: process.versions.node,
    channels: ['$STABLE', '$LATEST'] as const,
    libraries: async () => NODE_LIBRARIES,
    program: (limits: ScriptLimits): SandboxedProgram => ({
      command: ['/runtime/node', ...nodeWords(limits)],
      readable: [
        [process.execPath, '/runtime/node'],
        [built, `${MODULES_FOLDER}/rowmill/dist`],
        [join(dirname(built), 'package.json'), `${MODULES_FOLDER}/rowmill/package.json`],
        [fileURLToPath(jiti), `${MODULES_FOLDER}/jiti`],
      ],
      // The stacks of its threads, which it claims and never uses.
      spareDataMb: 160,
    }),
  };
  return [
    { ...runtime, language: 'javascript' },
    { ...runtime, language: 'typescript' },
  ];
}

const NEWEST_MINOR = 20;
const PYTHON_MILLISECONDS = 20_000;

/** Prints what we have to know of a Python. */
const ASK_PYTHON = `
import json, platform, sys
print(json.dumps([platform.python_version(), sys.executable, sys.prefix, sys.base_prefix]))
`;

/** The file of the python3 that comes first and is new enough. Throws with what there is instead. */
export async function stablePython(path: string): Promise<string> {
  const asked = await askPythons(path);
  const stable = asked.find((one) => typeof one !== 'string' && isNewEnough(one));
  if (stable !== undefined && typeof stable !== 'string') return stable.executable;
  throw new Error(`handlers in Python need ${problemOf(asked)}`);
}

/** The Pythons on the PATH, and why there is none where there is none. */
export async function pythonRuntimes(
  { python }: ProgramPlaces,
  path: string,
): Promise<{ readonly runtimes: readonly ProcessRuntime[]; readonly problem: string }> {
  const asked = await askPythons(path);
  const found = asked.filter((one) => typeof one !== 'string');
  const versions = new Map(
    found
      .filter(isNewEnough)
      .map((one) => [one.version, one] as const)
      .toReversed(),
  );
  const newest = [...versions.keys()].toSorted(compareVersions).at(-1);
  const stable = found.find(isNewEnough)?.version;
  const runtimes = [...versions.values()].map((one): ProcessRuntime => ({
    language: 'python',
    version: one.version,
    channels: [
      ...(one.version === stable ? ['$STABLE' as const] : []),
      ...(one.version === newest ? ['$LATEST' as const] : []),
    ],
    libraries: async () => JSON.parse(await printedBy(one.executable, ASK_LIBRARIES)) as string[], // as it prints them
    program: () => pythonProgram(one, fileURLToPath(python)),
  }));
  return { runtimes, problem: `scripts in Python need ${problemOf(asked)}` };
}

/** Each Python on the PATH; as a text, why one does not run. */
function askPythons(path: string): Promise<readonly (FoundPython | string)[]> {
  const folders = path.split(':').filter((folder) => folder !== '');
  const minors = Array.from({ length: NEWEST_MINOR - 8 }, (_, index) => `python3.${index + 9}`);
  const names = ['python3', ...minors];
  const files = names.flatMap((name) => {
    const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
    return found === undefined ? [] : [found];
  });
  return Promise.all(files.map((file) => askPython(file)));
}

function isNewEnough({ version }: FoundPython): boolean {
  return compareVersions(version, LEAST_PYTHON) >= 0;
}

function problemOf(asked: readonly (FoundPython | string)[]): string {
  const found = asked.map((one) => (typeof one === 'string' ? one : `python3 is ${one.version}`));
  return `python3, ${LEAST_PYTHON} or newer: ${found.join('; ') || 'there is none on the PATH'}`;
}

interface FoundPython {
  readonly version: string;
  readonly executable: string;
  readonly prefix: string;
  readonly basePrefix: string;
}

/** What a Python says of itself; as a text, why it says nothing. */
async function askPython(file: string): Promise<FoundPython | string> {
  try {
    const [version, executable, prefix, basePrefix] = JSON.parse(
      await printedBy(file, ASK_PYTHON),
    ) as [string, string, string, string]; // as it prints them
    // Behind a + stands what was changed in it.
    return { version: version.replace(/[^\d.].*/, ''), executable, prefix, basePrefix };
  } catch (error) {
    const [line] = String(error instanceof Error ? error.message : error).split('\n');
    return `${file} does not run: ${line ?? ''}`;
  }
}

async function printedBy(python: string, text: string): Promise<string> {
  const { stdout } = await promisify(execFile)(python, ['-I', '-c', text], {
    timeout: PYTHON_MILLISECONDS,
  });
  return stdout;
}

function pythonProgram(
  { executable, prefix, basePrefix }: FoundPython,
  ours: string,
): SandboxedProgram {
  const own = [join(basePrefix, 'bin'), join(basePrefix, 'lib'), join(basePrefix, 'lib64')];
  const virtual = prefix === basePrefix ? [] : [prefix];
  // The folders of /usr are there anyway.
  const folders = [...(basePrefix === '/usr' ? [] : own), ...virtual].filter((folder) =>
    existsSync(folder),
  );
  return {
    command: [executable, ...PYTHON_WORDS],
    readable: [
      ...folders.map((folder) => [folder, folder] as const),
      [ours, PYTHON_FOLDER] as const,
    ],
    spareDataMb: 64,
  };
}
