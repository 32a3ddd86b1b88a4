import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';

const MIB = 1024 * 1024;
/** Two halves of 8 MiB. */
const MOST_YOUNG_BYTES = 16 * MIB;
/** A heap with so much in it holds a task's own state, and V8 knows best when to look through that. */
const LARGE_BYTES = 64 * MIB;

/**
 * Keeps the heap of a long run as small as that of a short one. Left alone, V8 lets the young generation
 * double to 32 MiB, and leaves what is dead in the old one lie until it has tripled. A row lives too short
 * to gain from either: a run of 10,000,000 rows took 107 MiB resident instead of 124, one of 1,000,000 96
 * instead of 113, in the same time (`node bench/run.mjs size`). Flags of Node would do the same, but a
 * program that `npx` starts cannot set them.
 */
export function keepHeapLean(): void {
  setFlagsFromString('--heap-growing-percent=5');
  let isYoungBound = false;
  const observer = new PerformanceObserver(() => {
    if (!isYoungBound && youngBytes() >= MOST_YOUNG_BYTES) {
      setFlagsFromString('--semi-space-growth-factor=1');
      isYoungBound = true;
    }
    if (getHeapStatistics().used_heap_size < LARGE_BYTES) return;
    setFlagsFromString('--heap-growing-percent=0');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}

function youngBytes(): number {
  return (
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
  );
}
