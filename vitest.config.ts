import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string) => fileURLToPath(new URL(`src/${file}`, import.meta.url));

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
    include: ['test/**/*.test.ts'],
    exclude: ['test/fixtures/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
