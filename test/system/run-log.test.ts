import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openRunLog } from '../../src/system/run-log.ts';

it.skipIf(process.platform === 'win32')(
  'is for its owner alone, in a folder for everybody too',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rowmill-log-'));
    const log = openRunLog(folder);
    log.info('a cell', { cell: 'Ada' });
    await log.close();
    expect(statSync(join(folder, 'log.jsonl')).mode & 0o777).toBe(0o600);
    rmSync(folder, { recursive: true });
  },
);
