import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string) => fileURLToPath(new URL(`src/${file}`, import.meta.url));

const API = 'test/api/**/*.test.ts';
const FIXTURES = 'test/fixtures/**';
/** What these test is in their own process, and leaves nothing behind there: importing it anew took half a second each. */
const IN_PROCESS = [
  'test/client',
  'test/contract',
  'test/engine',
  'test/stores',
  'test/system',
  'test/task-modules',
  'test/tasks',
].map((folder) => `${folder}/**/*.test.ts`);

export default defineConfig({
  resolve: {
    alias: [
      { find: /^rowmill$/, replacement: source('index.ts') },
      { find: /^rowmill\/csv$/, replacement: source('csv.ts') },
      { find: /^rowmill\/job$/, replacement: source('job.ts') },
      { find: /^rowmill\/run$/, replacement: source('run.ts') },
      { find: /^rowmill\/verifiers$/, replacement: source('verifiers.ts') },
    ],
  },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Many tests wait for a process, a disk or a clock: one more than there are processors.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [API, FIXTURES, ...IN_PROCESS],
        },
      },
      {
        extends: true,
        // A worker does many of these files, and loads what they test once.
        test: { name: 'in-process', include: IN_PROCESS, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'api',
          include: [API],
          // Each file starts servers of its own, and would load all of them anew.
          isolate: false,
          globalSetup: 'test/api/one-cluster.ts',
        },
      },
    ],
  },
});
