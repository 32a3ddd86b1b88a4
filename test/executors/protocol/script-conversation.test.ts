import { PassThrough } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { ScriptCall } from '../../../src/engine/ports/script-executor.ts';
import type { SftpFiles } from '../../../src/engine/task/run-resources.ts';
import { ScriptConversation } from '../../../src/executors/protocol/script-conversation.ts';
import { writeMessage } from '../../../src/executors/protocol/write-message.ts';
import { callOf, MapStorage } from '../process/run-script.ts';

const MIB = 1024 * 1024;

const sftp = (more: Partial<SftpFiles>): ScriptCall['sftp'] => {
  const none = (): Promise<never> => Promise.reject(new Error('not here'));
  const server = { read: none, write: none, list: none, rename: none, delete: none, exists: none };
  return () => ({ ...server, ...more });
};

/** A program that says what the test lets it say, and reads what it is told only where the test does. */
function converse(more: Parameters<typeof callOf>[1]) {
  const [said, input] = [new PassThrough(), new PassThrough()];
  const kill = vi.fn(() => {
    said.end();
    input.destroy();
  });
  const program = {
    write: (text: string) => writeMessage(input, text),
    release: async () => undefined,
    terminate: () => undefined,
    kill,
  };
  const call = callOf({ 'main.py': '' }, more);
  const conversation = new ScriptConversation(call, program, 10);
  onTestFinished(() => conversation.close());
  return {
    conversation,
    input,
    kill,
    said,
    end: () => said.end(),
    heard: conversation.hear(said),
    say: (message: object) => said.write(`${JSON.stringify(message)}\n`),
  };
}

function outcomeOf(conversation: ScriptConversation) {
  const [stdout, stderr] = [new PassThrough().end(), new PassThrough().end()];
  return conversation.outcome({
    exitCode: 0,
    stdout: conversation.capture(stdout),
    stderr: conversation.capture(stderr),
    cpuMs: 0,
    peakMemoryBytes: 0,
    runtime: { language: 'python', version: '3.12' },
  });
}

it('keeps nothing of what a script has written to an SFTP server', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let written = 0;
  const write = async (): Promise<void> => void (written += 1);
  const { heard, say, end, input } = converse({ sftp: sftp({ write }) });
  input.resume();
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let id = 1; id <= 20; id += 1) {
    const data = Buffer.alloc(3 * MIB, id).toString('base64');
    say({ type: 'sftp', id, connection: 'partner', operation: 'write', path: 'a.csv', data });
    await vi.waitFor(() => expect(written).toBe(id), { timeout: 30_000 });
  }
  expect(used() - before).toBeLessThan(40 * MIB);
  end();
  await heard;
});

it('ends when its script has given a result, whatever that still waits for', async () => {
  const exists = vi.fn(() => new Promise<boolean>(() => undefined));
  const { heard, say, kill } = converse({ sftp: sftp({ exists }) });
  say({ type: 'result', code: 'success' });
  say({ type: 'sftp', id: 1, connection: 'partner', operation: 'exists', path: 'a.csv' });
  await heard;
  expect(kill).toHaveBeenCalledWith();
});

it('answers no more than what is taken, or a little', async () => {
  const storage = new MapStorage();
  await storage.set('long', 'x'.repeat(MIB));
  const get = vi.spyOn(storage, 'get');
  const { heard, say, input, kill } = converse({ storage });
  for (let id = 0; id < 200; id += 1) say({ type: 'storage', id, operation: 'get', key: 'long' });
  // It is so far once nothing more is asked for in several turns of the loop.
  const asked = (): number => get.mock.calls.length;
  for (let [before, turns] = [-1, 0]; turns < 50;) {
    turns = asked() === before ? turns + 1 : 0;
    before = asked();
    await new Promise(setImmediate);
  }
  expect(asked()).toBeLessThan(80);
  expect(input.writableLength).toBeLessThan(80 * MIB);
  // Who reads them has them all.
  input.resume();
  await vi.waitFor(() => expect(asked()).toBe(200), { timeout: 30_000 });
  kill();
  await heard;
});

it.each([3_000, 100_000])('takes no result of %i levels, and says so', async (levels) => {
  const { heard, said, conversation } = converse({});
  said.write(`{"type":"result","code":"success","result":`);
  said.write(`${'['.repeat(levels)}${']'.repeat(levels)}}\n`);
  await heard;
  const outcome = outcomeOf(conversation);
  expect(outcome).toMatchObject({ resultCode: 'error', error: { name: 'ProtocolError' } });
  expect(outcome.error?.message).toMatch(/result: its lists and objects .* 200 levels deep$/);
});

it('reads no message of more values than anybody needs, and any text', async () => {
  const { heard, say, said, conversation } = converse({ limits: { outputBytes: 64 * MIB } });
  // Texts are one value each, whatever is in them.
  say({ type: 'log', level: 'debug', message: '[{,"\\'.repeat(800_000) });
  said.write(`{"type":"result","code":"success","result":[${'{},'.repeat(600_000)}0]}\n`);
  await heard;
  expect(outcomeOf(conversation)).toMatchObject({ resultCode: 'error', limit: 'output' });
  expect(outcomeOf(conversation).error?.message).toBe(
    'output: a line with more than 1000000 values',
  );
});

it.each([
  [{ type: 'x'.repeat(5 * MIB) }, 'type: 5242882 characters; expected storage, sftp, log, result'],
  [{ type: 'log', level: 'loud', message: '' }, 'level: "loud"; expected '],
  [{}, 'type: missing; expected storage, '],
])('keeps no more of what is wrong with a message than is read', async (message, problem) => {
  const { heard, say, conversation } = converse({});
  say(message);
  await heard;
  const { error } = outcomeOf(conversation);
  expect(error?.message.slice(0, 500)).toContain(`the program broke the protocol: ${problem}`);
  expect(error?.message.length).toBeLessThan(300);
});
