import type { ScriptLimits } from '../../engine/ports/script-executor.ts';
import {
  nodeWords,
  PYTHON_WORDS,
  MODULES_FOLDER,
  PYTHON_FOLDER,
} from '../protocol/program-command.ts';
import type { ProgramFiles } from '../protocol/program-files.ts';
import type { PlacedFiles } from './azure-containers.ts';

// A container instance has no input: what a script needs is in files that are there when it begins, and it
// lays our programs out itself, in a folder that whoever its user is can write to.

/** Where the files are. */
const PLACED = '/rowmill';
/** Where the programs are laid out, and the script below them. */
const HOME = '/tmp/rowmill';

export const DETACHED_SCRIPT_FOLDER = `${HOME}/script`;

const LAY_OUT_IN_PYTHON = `import json, os
for path, text in json.load(open("${PLACED}/programs")).items():
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "w", encoding="utf-8").write(text)
os.makedirs("${DETACHED_SCRIPT_FOLDER}", exist_ok=True)`;

const LAY_OUT_IN_NODE = `const fs = require('fs'), { dirname } = require('path');
for (const [path, text] of Object.entries(JSON.parse(fs.readFileSync('${PLACED}/programs', 'utf8')))) {
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(path, text);
}
fs.mkdirSync('${DETACHED_SCRIPT_FOLDER}', { recursive: true });`;

/** What starts the program of a language where nothing of ours is, with its first message from a file. */
export function detachedCommand(language: string, limits: ScriptLimits): readonly string[] {
  const [interpreter, flag, layOut, words] =
    language === 'python'
      ? ['python3', '-c', LAY_OUT_IN_PYTHON, PYTHON_WORDS]
      : ['node', '-e', LAY_OUT_IN_NODE, nodeWords(limits)];
  const home = words.map((word) => (isOurs(word) ? `${HOME}${word}` : word));
  return [
    'sh',
    '-c',
    // By a pipe: Node.js reads no messages from a file.
    `${interpreter} ${flag} "$1" && shift && cat ${PLACED}/start | { exec ${interpreter} "$@" 3<&0 4>&1 </dev/null; }`,
    'rowmill',
    layOut,
    ...home,
  ];
}

/** The programs and the first message, as they are put there. */
export function placedFiles(programs: ProgramFiles, start: string): PlacedFiles {
  const texts = programs.files.map(({ path, content }) => [
    `${HOME}${programs.folder}/${path}`,
    new TextDecoder().decode(content),
  ]);
  return {
    folder: PLACED,
    files: {
      start: Buffer.from(start),
      programs: Buffer.from(JSON.stringify(Object.fromEntries(texts))),
    },
  };
}

function isOurs(word: string): boolean {
  return word.startsWith(`${MODULES_FOLDER}/`) || word.startsWith(`${PYTHON_FOLDER}/`);
}
