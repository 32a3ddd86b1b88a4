import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begin, buildIfStale, MAIN, type Begun } from '../cli/built-command-line.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const GUIDE = readFileSync(join(ROOT, 'docs/http-guide.md'), 'utf8');
const BLOCK = /^```sh\n([^]*?)^```$(?:\n\n^```(json|text)\n([^]*?)^```$)?/gm;
/** Variables that a later block uses. */
const VARIABLES = 'base|run|slow|draft|child|key';

/** A block of commands with what the page shows as its answer. */
interface Block {
  readonly commands: string;
  readonly shown: string | undefined;
  readonly isJson: boolean;
}

const [serveBlock, ...blocks]: readonly Block[] = [...GUIDE.matchAll(BLOCK)].map(
  ([, commands = '', language, shown]) => ({ commands, shown, isJson: language === 'json' }),
);

describe.runIf(hasCurl())('docs/http-guide.md', () => {
  let folder = '';
  let server: Begun;
  let url = '';

  beforeAll(async () => {
    await buildIfStale();
    folder = mkdtempSync(join(tmpdir(), 'rowmill-guide-'));
    cpSync(join(ROOT, 'samples'), join(folder, 'samples'), { recursive: true });
    const words = (serveBlock?.commands ?? '').trim().split(' ').slice(2);
    const atFreePort = [MAIN, ...words, '--port', '0'];
    server = begin(process.execPath, atFreePort, { folder, stdin: null });
    url = await server.finds(/listening on (\S+)/);
  }, 120_000);
  afterAll(async () => {
    server.process.kill('SIGTERM');
    const { exitCode } = await server.ended;
    rmSync(folder, { recursive: true, force: true });
    expect(exitCode).toBe(0);
  });

  it('begins with the server', () => {
    expect(serveBlock?.commands).toMatch(/^npx rowmill serve .*\n$/);
  });

  // One behind the other: each uses what those before have left.
  it.each(blocks)('answers as it says: $commands', ({ commands, shown, isJson }) => {
    const script = [
      'set -eo pipefail',
      'if [ -e .variables ]; then source ./.variables; fi',
      commands.replaceAll('http://127.0.0.1:7070', url).replaceAll('npx rowmill', 'rowmill'),
      `declare -p $(compgen -v | grep -xE '${VARIABLES}') > .variables`,
    ];
    const answer = execFileSync('bash', ['-c', script.join('\n')], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 30_000,
    });
    if (shown === undefined) return;
    if (isJson) expect(JSON.parse(answer)).toMatchObject(JSON.parse(shown) as object);
    else expect(`${answer.replace(/^\uFEFF/, '').trimEnd()}\n`).toBe(shown);
  });
});

if (!hasCurl()) it.skip('needs curl on the PATH to be tried: docs/http-guide.md', () => undefined);

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version']);
    return true;
  } catch {
    return false;
  }
}
