import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begin, buildIfStale, MAIN, type Begun } from '../cli/built-command-line.ts';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/come-from-kazoo.md'), 'utf8');
const BLOCK = /^```sh\n([^]*?)^```$(?:\n\n^```json\n([^]*?)^```$)?/gm;
const [, ...blocks] = [...PAGE.matchAll(BLOCK)].map(([, commands = '', shown]) => ({
  commands,
  shown,
}));

describe.runIf(hasCurl())('docs/come-from-kazoo.md', () => {
  let folder = '';
  let server: Begun;
  let url = '';
  beforeAll(async () => {
    await buildIfStale();
    folder = mkdtempSync(join(tmpdir(), 'rowmill-kazoo-page-'));
    server = begin(process.execPath, [MAIN, 'serve', '--port', '0'], { folder, stdin: null });
    url = await server.finds(/listening on (\S+)/);
  }, 120_000);
  afterAll(async () => {
    server.process.kill('SIGTERM');
    await server.ended;
    rmSync(folder, { recursive: true, force: true });
  });

  // One behind the other: each uses what those before have left.
  it.each(blocks)('answers as it says: $commands', ({ commands, shown }) => {
    const script = [
      'set -eo pipefail',
      'if [ -e .variables ]; then source ./.variables; fi',
      commands
        .replaceAll('http://127.0.0.1:7070', url)
        .replaceAll('npx rowmill', `"${process.execPath}" "${MAIN}"`),
      "declare -p $(compgen -v | grep -xE 'base|account|token|task') > .variables",
    ];
    const answer = execFileSync('bash', ['-c', script.join('\n')], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 30_000,
    });
    if (shown === undefined) return;
    const [told, said] = [JSON.parse(answer), JSON.parse(shown)] as const;
    if (typeof said === 'number') expect(told).toBe(said);
    else expect(told).toMatchObject(said as object);
  });
});

if (!hasCurl()) it.skip('needs curl on the PATH: docs/come-from-kazoo.md', () => undefined);

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version']);
    return true;
  } catch {
    return false;
  }
}
