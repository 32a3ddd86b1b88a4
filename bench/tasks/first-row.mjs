// Notes when its first row is called: milliseconds since the process began.
import { writeFileSync } from 'node:fs';
import { defineTask, ok } from 'rowmill';

let isFirst = true;

export const firstRow = defineTask({
  category: 'bench',
  action: 'first-row',
  description: 'Note when the first row is called',
  columns: 'any',
  row() {
    if (isFirst) writeFileSync(process.env.BENCH_NOTE, String(performance.now()));
    isFirst = false;
    return ok();
  },
});
