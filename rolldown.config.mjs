// What is published: the entries share their chunks, so that a task module and the command line
// have one copy of everything. A start reads 50 files then, and not 260.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'rolldown';

/** Taken in, as they are hundreds of modules each: most of a start. None needs a package. Their licences go with them. */
const BUNDLED = ['kysely', 'libphonenumber-js', 'mingo'];
const licences = [
  ...BUNDLED.map((name) => `${name}:\n\n${licence(name)}`),
  `the metadata of Google's libphonenumber:\n\n${licence('libphonenumber-js', 'LICENSE.Apache')}`,
];

function licence(name, file = 'LICENSE') {
  return readFileSync(`node_modules/${name}/${file}`, 'utf8');
}

const isBundled = (id) => BUNDLED.some((name) => id === name || id.startsWith(`${name}/`));

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
  external: (id) => /^[@a-z]/.test(id) && !id.startsWith('src/') && !isBundled(id),
  // What it has for node is CommonJS, of which nothing can be left out.
  resolve: {
    alias: { mingo: fileURLToPath(new URL('node_modules/mingo/esm/index.js', import.meta.url)) },
  },
  plugins: [
    {
      name: 'licences',
      generateBundle() {
        const source = `chunks/ contain ${licences.join('\nand ')}`;
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
