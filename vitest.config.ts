import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string) => fileURLToPath(new URL(`src/${file}`, import.meta.url));

const API = 'test/api/**/*.test.ts';
const FIXTURES = 'test/fixtures/**';

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
        test: { name: 'parts', include: ['test/**/*.test.ts'], exclude: [API, FIXTURES] },
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
