import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { callPython } from '../../../src/executors/handlers/python-call.ts';

it('is broken off where its job is stopped while its process is being started', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rowmill-call-'));
  const executable = join(folder, 'python3');
  await writeFile(executable, '#!/bin/sh\nexec sleep 600\n');
  await chmod(executable, 0o700);
  const stop = new AbortController();
  const called = callPython({
    program: { executable, file: 'none.py' },
    start: { call: 'start' },
    onLine: () => undefined,
    read: () => Promise.resolve(),
    write: () => Promise.resolve(),
    signal: stop.signal,
    timeoutMs: 600_000,
  });
  // Nothing of the call goes on before this.
  stop.abort(new Error('enough of it'));
  try {
    await expect(called).rejects.toThrow('enough of it');
  } finally {
    await rm(folder, { recursive: true });
  }
});
