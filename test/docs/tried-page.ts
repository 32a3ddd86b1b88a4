import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begin, buildIfStale, MAIN, type Begun } from '../cli/built-command-line.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BLOCK = /^```sh\n([^]*?)^```$(?:\n\n^```(json|text)\n([^]*?)^```$)?/gm;
/** Where a page says that its server listens. */
const SHOWN_URL = 'http://127.0.0.1:7070';

/** A page whose commands are carried out against a server, each as it stands there. */
interface TriedPage {
  /** From the root of the project. Its first block of commands starts the server. */
  readonly page: string;
  /** Shell variables that a later block uses. */
  readonly variables: readonly string[];
  /** Programs that its commands call beside curl. */
  readonly programs?: readonly string[];
  /** Whether the commands find `samples/` beside them. */
  readonly hasSamples?: boolean;
  /** What the commands speak to beside the server, at another port than the page says. */
  readonly others?: readonly {
    readonly shownUrl: string;
    readonly start: () => Promise<{ readonly origin: string; readonly close: () => Promise<void> }>;
  }[];
}

/**
 * One test for each ```sh block, one behind the other: each uses what those before have left. The answer
 * holds what a `json` block right behind it shows, or is a `text` block to the letter.
 */
export function tryPage({
  page,
  variables,
  programs = [],
  hasSamples = false,
  others = [],
}: TriedPage): void {
  const missing = ['curl', ...programs].filter((program) => !isThere(program));
  if (missing.length > 0) {
    it.skip(`needs ${missing.join(', ')} on the PATH to be tried: ${page}`, () => undefined);
    return;
  }
  const text = readFileSync(join(ROOT, page), 'utf8');
  const [serveBlock, ...blocks] = [...text.matchAll(BLOCK)].map(
    ([, commands = '', language, shown]) => ({ commands, shown, isJson: language === 'json' }),
  );

  describe(page, () => {
    let folder = '';
    let server: Begun;
    let url = '';
    const begun: {
      readonly shown: string;
      readonly origin: string;
      readonly close: () => Promise<void>;
    }[] = [];

    const atOthers = (commands: string): string =>
      begun.reduce((text, { shown, origin }) => text.replaceAll(shown, origin), commands);

    beforeAll(async () => {
      await buildIfStale();
      folder = mkdtempSync(join(tmpdir(), 'rowmill-page-'));
      if (hasSamples) {
        cpSync(join(ROOT, 'samples'), join(folder, 'samples'), { recursive: true });
        // Some of them use a library, as it is installed beside them.
        symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      }
      for (const { shownUrl, start } of others) {
        begun.push({ ...(await start()), shown: shownUrl });
      }
      const words = atOthers(serveBlock?.commands ?? '')
        .trim()
        .split(' ')
        .slice(2);
      const atFreePort = [MAIN, ...words, '--port', '0'];
      server = begin(process.execPath, atFreePort, { folder, stdin: null });
      url = await server.finds(/listening on (\S+)/);
    }, 120_000);
    afterAll(async () => {
      server.process.kill('SIGTERM');
      const { exitCode } = await server.ended;
      for (const other of begun) await other.close();
      rmSync(folder, { recursive: true, force: true });
      expect(exitCode).toBe(0);
    });

    it('begins with the server', () => {
      expect(serveBlock?.commands).toMatch(/^npx rowmill serve\b.*\n$/);
    });

    it.each(blocks)('answers as it says: $commands', async ({ commands, shown, isJson }) => {
      const script = [
        'set -eo pipefail',
        // Logins are kept with the user's settings: here with those of nobody.
        'export HOME="$PWD"; unset XDG_CONFIG_HOME',
        'if [ -e .variables ]; then source ./.variables; fi',
        atOthers(commands)
          .replaceAll(SHOWN_URL, url)
          .replaceAll('npx rowmill', `"${process.execPath}" "${MAIN}"`),
        // Only those that are set by now: `declare -p` without a name prints all there are.
        `for name in ${variables.join(' ')}; do if compgen -v | grep -x "$name" > /dev/null; then declare -p "$name"; fi; done > .variables`,
      ];
      // What it speaks to may be in this process.
      const running = promisify(execFile)('bash', ['-c', script.join('\n')], {
        cwd: folder,
        timeout: 60_000,
      });
      running.child.stdin?.end();
      const { stdout: answer } = await running;
      if (shown === undefined) return;
      if (!isJson) {
        expect(`${answer.replace(/^\uFEFF/, '').trimEnd()}\n`).toBe(shown);
        return;
      }
      const [told, said] = [JSON.parse(answer), JSON.parse(shown)] as const;
      if (typeof said === 'object') expect(told).toMatchObject(said as object);
      else expect(told).toBe(said);
    });
  });
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
