import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Two halves of 4 MiB. */
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * Stops V8's young generation from growing beyond 8 MiB. Left alone it doubles to 32 MiB and more while a
 * long run works, so that a large file takes more memory than a small one; a row lives too short to gain
 * from it. At 8 MiB runs of 100,000 and of 1,000,000 rows took 84 and 85 MiB resident, at 16 MiB 90 and 93,
 * in the same processor time (1.79 and 1.87 s, medians of 15 pairs; `node bench/run.mjs size`). A start flag
 * of Node would do the same, but a program that `npx` starts cannot set one.
 */
export function boundYoungGeneration(): void {
  const observer = new PerformanceObserver(() => {
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    if (space === undefined || space.space_size < MOST_BYTES) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}
