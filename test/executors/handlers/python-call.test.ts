import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { callPython } from '../../../src/executors/handlers/python-call.ts';

/** What is called in the place of Python, until the test has ended. */
async function programOf(script: string) {
  const folder = await mkdtemp(join(tmpdir(), 'rowmill-call-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const executable = join(folder, 'python3');
  await writeFile(executable, `#!/bin/sh\n${script}\n`);
  await chmod(executable, 0o700);
  return { executable, file: 'none.py' };
}

const CALL = {
  start: { call: 'start' },
  onLine: () => undefined,
  read: (): Promise<unknown> => Promise.resolve(),
  write: () => Promise.resolve(),
  signal: new AbortController().signal,
  timeoutMs: 600_000,
};

it('is broken off where its job is stopped while its process is being started', async () => {
  const program = await programOf('exec sleep 600');
  const stop = new AbortController();
  const called = callPython({ ...CALL, program, signal: stop.signal });
  // Nothing of the call goes on before this.
  stop.abort(new Error('enough of it'));
  await expect(called).rejects.toThrow('enough of it');
});

it('is told of what stands at an address and no JSON can say', async () => {
  const program = await programOf(
    [
      'read start <&3',
      `echo '{"type":"read","id":1,"address":"memory://big"}' >&4`,
      'read reply <&3',
      String.raw`echo "{\"type\":\"result\",\"reply\":$reply}" >&4`,
    ].join('\n'),
  );
  const read = async (): Promise<unknown> => ({ rows: 1n });
  const result = await callPython({ ...CALL, program, read });
  expect(result['reply']).toMatchObject({ id: 1, error: expect.stringContaining('BigInt') });
});
