import type { ScriptLimits } from '../../engine/ports/script-executor.ts';

// How the programs of this package are started, and where they lie for a script.

/** Where a script finds our modules by their names. */
export const MODULES_FOLDER = '/node_modules';
/** Where our Python package is. */
export const PYTHON_FOLDER = '/rowmill-python';

/** The oldest that our programs run on. */
export const LEAST_PYTHON = '3.9';
export const LEAST_NODE = '20.19';

/** What V8 needs beside its old generation, in MiB: the program itself, young objects, code. */
const V8_BESIDE_MB = 56;

/** The words behind the name of a Node.js. */
export function nodeWords({ memoryMb }: Pick<ScriptLimits, 'memoryMb'>): string[] {
  return [
    // Without a bound of its own V8 lets garbage grow until the limit ends the script.
    `--max-old-space-size=${Math.max(16, memoryMb - V8_BESIDE_MB)}`,
    '--max-semi-space-size=4',
    `${MODULES_FOLDER}/rowmill/dist/script-program.js`,
  ];
}

/** The words behind the name of a Python. */
export const PYTHON_WORDS = ['-I', '-B', '-X', 'utf8', `${PYTHON_FOLDER}/rowmill/program.py`];

/** Prints what is installed in a Python. */
export const ASK_LIBRARIES = `
import importlib.metadata as metadata, json
print(json.dumps(sorted({f"{d.metadata['Name']} {d.version}" for d in metadata.distributions() if d.metadata['Name']}, key=str.lower)))
`;

/** What comes with every Node.js here. */
export const NODE_LIBRARIES: readonly string[] = ['rowmill/job'];
