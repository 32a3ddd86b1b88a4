// What is published: the entries share their chunks, so that a task module and the command line
// have one copy of everything. A start reads 50 files then, and not 260.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig } from 'rolldown';

/** Taken in, as it is a hundred modules: 90 ms of a start. Its licence goes with it. */
const BUNDLED = 'libphonenumber-js';
const licence = (file) => readFileSync(`node_modules/${BUNDLED}/${file}`, 'utf8');

const { bin, exports } = JSON.parse(readFileSync('package.json', 'utf8'));
// Beside the doors: what a thread of a run begins with, and what a script is executed by.
const entries = [
  bin.rowmill,
  'dist/thread.js',
  'dist/script-program.js',
  ...Object.values(exports).flatMap((door) => door.default ?? []),
];
const source = (file) => file.replace(/.*\//, 'src/').replace(/\.js$/, '.ts');

export default defineConfig({
  input: Object.fromEntries(entries.map((file) => [basename(file, '.js'), source(file)])),
  platform: 'node',
  external: (id) => /^[@a-z]/.test(id) && !id.startsWith('src/') && !id.startsWith(BUNDLED),
  plugins: [
    {
      name: 'licences',
      generateBundle() {
        const source = `chunks/ contain ${BUNDLED}:\n\n${licence('LICENSE')}\nand the metadata of Google's libphonenumber:\n\n${licence('LICENSE.Apache')}`;
        this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY-LICENCES.txt', source });
      },
    },
  ],
  output: {
    dir: 'dist',
    format: 'esm',
    chunkFileNames: 'chunks/[name]-[hash].js',
    // Small modules that nearly every entry needs are one file, and not one for each set of entries that
    // share them. None of them needs a package: a script is executed where there is none.
    codeSplitting: {
      groups: [
        {
          name: 'task',
          test: /src\/engine\/(errors|task\/(failure|json-value|max-failures|outcome|run-resources|secret-forms|secret-names|task-errors))\.ts$/,
        },
      ],
    },
  },
});
