import { defineTask, fail, write } from '../../src/index.ts';

/** Copies each text; `bad` is a row that fails. */
export const check = defineTask({
  category: 'text',
  action: 'check',
  description: 'Take what is right',
  mandatory: { text: () => true },
  output: ['copy'],
  row: ({ text }) => (text === 'bad' ? fail('is bad') : write({ copy: text })),
});
