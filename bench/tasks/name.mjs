// Writes one row: the smallest task that a queue can start.
import { defineNoinputTask, stop, write } from 'rowmill';

export const name = defineNoinputTask({
  category: 'bench',
  action: 'name',
  description: 'Write a name',
  output: ['name'],
  start: () => undefined,
  step: () => stop(write({ name: 'Ann' })),
});
