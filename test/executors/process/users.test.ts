import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begin, buildIfStale, type Begun } from '../../cli/built-command-line.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const MARK = `${process.pid}.535353`;
const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
const copy = mkdtempSync(join(tmpdir(), 'rowmill-script-users-'));
const isRoot = process.getuid?.() === 0;

beforeAll(async () => {
  await buildIfStale();
  chmodSync(copy, 0o755);
  mkdirSync(join(copy, 'node_modules'));
  const parts = ['src', 'dist', 'python', 'package.json'];
  for (const part of [...parts, 'node_modules/jiti', 'node_modules/fastest-levenshtein']) {
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  }
  cpSync(join(ROOT, 'test/fixtures/scripts/run-executor.mjs'), join(copy, 'run-executor.mjs'));
}, 120_000);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function execute(who: readonly string[], calls: readonly object[]): Begun {
  const words = [...who, process.execPath, join(copy, 'run-executor.mjs')];
  return begin(words[0] ?? '', words.slice(1), { folder: copy, stdin: JSON.stringify(calls) });
}

const job = (body: string): string =>
  `import { Job } from 'rowmill/job';
import { readFileSync, writeFileSync, readdirSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
export class A extends Job { async onEvent() { ${body} } }`;
const forever = 'await new Promise(() => setInterval(() => 0, 1000));';
const children = `for (let n = 0; n < 400; n += 1) spawn('sleep', ['${MARK}']);`;
const looks = (
  port: number,
): string => `const can = (act) => { try { return act() ?? true; } catch (error) { return error.code; } };
const status = readFileSync('/proc/self/status', 'utf8');
return {
  passwd: can(() => readFileSync('/etc/passwd', 'utf8')),
  home: can(() => readdirSync(${JSON.stringify(copy)})),
  root: can(() => writeFileSync('/x', '')),
  system: can(() => writeFileSync('/usr/lib/x', '')),
  sysctl: can(() => writeFileSync('/proc/sys/kernel/core_pattern', '')),
  own: can(() => writeFileSync('x', '')),
  capabilities: /^CapEff:\\s+(\\d+)/m.exec(status)[1],
  port: await new Promise((resolve) => connect(${port}, '127.0.0.1', () => resolve('reached')).on('error', ({ code }) => resolve(code))),
};`;

describe.each([
  ...(isRoot ? [['root', [], 'root'] as const] : []),
  ['an unprivileged user', isRoot ? ['setpriv', ...NOBODY] : [], 'an unprivileged user'] as const,
])('scripts of a server that runs as %s', (_, who, named) => {
  it('are isolated and limited', async () => {
    const server = createServer();
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const calls = [
      { source: job(looks(port)) },
      { source: job('const a = []; for (;;) a.push(Buffer.alloc(1024 * 1024, 1));') },
      { source: job('for (;;) {}'), limits: { timeoutSeconds: 1 } },
      { source: job(`${children} ${forever}`) },
    ];
    const { stdout, stderr } = await execute(who, calls).ended;
    server.close();
    expect(stderr).toBe('');
    const lines: unknown[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toMatchObject([
      `Linux namespaces, made by ${named}`,
      {
        resultCode: 'success',
        result: {
          passwd: 'ENOENT',
          home: 'ENOENT',
          root: 'EROFS',
          system: 'EROFS',
          sysctl: expect.stringMatching(/^(?:EACCES|EPERM|EROFS)$/) as string,
          own: true,
          capabilities: '0000000000000000',
          port: expect.stringMatching(/^E(?:NETUNREACH|ADDRNOTAVAIL|CONNREFUSED)$/) as string,
        },
      },
      { resultCode: 'error', limit: 'memory' },
      { resultCode: 'timeout', limit: 'timeout' },
      { resultCode: 'error', limit: 'processes' },
    ]);
    expect(processesWith(MARK)).toEqual([]);
  });

  it('end with it when it is killed, with all they began', async () => {
    const source = job(
      `for (let n = 0; n < 3; n += 1) spawn('sleep', ['${MARK}'], { detached: true }); process.on('SIGTERM', () => 0); await this.storage.get('begun'); ${forever}`,
    );
    const server = execute(who, [{ source }]);
    await server.says('"begun"');
    expect(processesWith(MARK).length).toBeGreaterThan(0);
    server.process.kill('SIGKILL');
    await server.ended;
    // The kernel ends them in no time; a machine under load takes its own.
    for (let looks = 0; looks < 3000 && processesWith(MARK).length > 0; looks += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(processesWith(MARK)).toEqual([]);
    expect(processesWith('rowmill-sandbox').filter((id) => isOf(id, copy))).toEqual([]);
  });
});

it.runIf(isRoot)(
  'scripts of a root without its capabilities are refused, with the reason',
  async () => {
    const bare = ['setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin', '--'];
    const { stdout } = await execute(bare, [{ source: job('') }]).ended;
    const reason =
      'scripts cannot be isolated here: root without CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID makes no sandbox';
    expect(stdout.trim().split('\n')).toEqual([
      JSON.stringify(reason),
      JSON.stringify({ code: 'executor_unavailable', message: reason }),
    ]);
  },
);

it('scripts are refused where namespaces are, with the reason', async () => {
  // Without users of one's own to have, as on a system that forbids it.
  const forbids = [
    ...'unshare --user --map-user=1000 --map-group=1000 --keep-caps sh -c'.split(' '),
    'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --inh-caps=-all "$@"',
    'sh',
  ];
  const { stdout } = await execute(isRoot ? ['setpriv', ...NOBODY, ...forbids] : forbids, [
    { source: job('') },
  ]).ended;
  const [isolation = ''] = stdout.split('\n');
  expect(isolation).toMatch(
    /^"scripts cannot be isolated here: unshare: unshare failed: .*; it takes root, or a system/,
  );
});

/** Processes with this text among their words. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((id) => isOf(id, text));
}

function isOf(id: number, text: string): boolean {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(text);
  } catch {
    return false;
  }
}
