import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { boundedLines, LineTooLongError } from '../../../src/executors/protocol/bounded-lines.ts';
import { markedPieces, partMarked } from '../../../src/executors/protocol/marked-output.ts';

const MARK = 'rowmill-a-mark:';
const lines = async (stream: AsyncIterable<Buffer>, mostBytes: number): Promise<string[]> => {
  const found: string[] = [];
  for await (const line of boundedLines(stream, mostBytes)) found.push(line);
  return found;
};

it('keeps what is printed apart from the messages', async () => {
  const output = new PassThrough();
  const { printed, messages } = partMarked(output, MARK);
  const message = { type: 'result', result: 'é'.repeat(9_000) };
  const said = text(printed);
  const heard = lines(messages, 1_000_000);
  output.write('before');
  for (const piece of markedPieces(MARK, message)) output.write(`${piece}beside`);
  output.end();
  expect((await heard).map((line) => JSON.parse(line) as unknown)).toEqual([message]);
  expect(await said).toBe(`before${'beside'.repeat(markedPieces(MARK, message).length)}`);
});

it('goes on to its end where the reader of the messages breaks off', async () => {
  const output = new PassThrough();
  const { printed, messages } = partMarked(output, MARK);
  const said = text(printed);
  const heard = lines(messages, 1_000).catch((error: unknown) => error);
  // More than the streams hold, in one chunk: they wait for the reader.
  output.write(`\n${MARK}+${'x'.repeat(4_000)}\n`.repeat(100));
  expect(await heard).toBeInstanceOf(LineTooLongError);
  output.end('on and '.repeat(100_000));
  expect(await said).toBe('on and '.repeat(100_000));
});
