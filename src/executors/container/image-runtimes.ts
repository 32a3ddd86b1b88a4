import type { ScriptLimits, ScriptRuntimeFacts } from '../../engine/ports/script-executor.ts';
import { compareVersions } from '../../engine/script/pick-runtime.ts';
import {
  ASK_LIBRARIES,
  LEAST_NODE,
  LEAST_PYTHON,
  NODE_LIBRARIES,
  nodeWords,
  PYTHON_WORDS,
} from '../protocol/program-command.ts';

/** Prints a line for each interpreter of an image: `python 3.12.1 ["pip 24.0"]`, `node 22.1.0`. */
export const ASK_IMAGE = [
  'sh',
  '-c',
  `if command -v python3 >/dev/null; then python3 -I -c "$1"; fi
if command -v node >/dev/null; then node -p '"node " + process.versions.node'; fi`,
  'rowmill',
  `import platform\nprint("python", platform.python_version(), end=" ")\n${ASK_LIBRARIES}`,
];

/** The runtimes that the answer to `ASK_IMAGE` names. Those that are too old are left out. */
export function runtimesOf(answer: string): readonly ScriptRuntimeFacts[] {
  return answer.split('\n').flatMap((line) => {
    const [, name, written = '', listed] =
      /^(python|node) (\d[\d.]*)\S*(?: (\[.*\]))?$/.exec(line) ?? [];
    const version = written.replace(/\.$/, '');
    const channels = ['$STABLE', '$LATEST'] as const;
    if (name === 'python' && compareVersions(version, LEAST_PYTHON) >= 0) {
      const libraries: unknown = JSON.parse(listed ?? '[]');
      return [{ language: 'python', version, channels, libraries: textsOf(libraries) }];
    }
    if (name !== 'node' || compareVersions(version, LEAST_NODE) < 0) return [];
    return ['javascript', 'typescript'].map((language) => ({
      language,
      version,
      channels,
      libraries: NODE_LIBRARIES,
    }));
  });
}

/** What starts the program of a language in an image. */
export function programCommand(language: string, limits: ScriptLimits): readonly string[] {
  return language === 'python' ? ['python3', ...PYTHON_WORDS] : ['node', ...nodeWords(limits)];
}

/** What an image must have. */
export const IMAGE_NEEDS = `sh and sleep, and python3 (${LEAST_PYTHON} or newer) or node (${LEAST_NODE} or newer)`;

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
