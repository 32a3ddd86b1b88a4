import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ScriptOutcome } from '../../../src/engine/ports/script-executor.ts';
import { buildIfStale } from '../../cli/built-command-line.ts';
import { makeExecutor, MapStorage, runScript } from './run-script.ts';

beforeAll(buildIfStale, 120_000);

const MIB = 1024 * 1024;
const places = mkdtempSync(join(tmpdir(), 'rowmill-script-limits-'));
// The user that a script is can pass: that it cannot read is for its sandbox to see to.
chmodSync(places, 0o755);
const [temporary, data] = [join(places, 'tmp'), join(places, 'data')];
let before: readonly unknown[] = [];
const tempFolder = process.env['TMPDIR'];

beforeAll(() => {
  for (const folder of [temporary, data]) mkdirSync(folder);
  writeFileSync(join(data, 'rowmill.db'), 'everything');
  // What is left in it would be ours.
  process.env['TMPDIR'] = temporary;
});
afterAll(() => {
  if (tempFolder === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = tempFolder;
  rmSync(places, { recursive: true, force: true });
});

// After each of them this process is unharmed, and everything is where it was.
beforeEach(() => {
  before = surroundings();
});
afterEach(() => {
  expect(surroundings()).toEqual(before);
});

/** What a script could leave behind: processes, mounts, files, descriptors. */
function surroundings(): readonly unknown[] {
  return [
    processesOf(process.pid),
    processesWith(MARK),
    mounts(),
    readdirSync(temporary),
    readdirSync(data),
    readdirSync('/mnt'),
  ];
}

/** All but the small disks of tests that run beside this one (chaos/small-disk.ts). */
function mounts(): readonly string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter((line) => !line.includes('/rowmill-chaos-'));
}

/** An argument that no other process has: children of a script bear it. */
const MARK = `${process.pid}.424242`;

const py = (...lines: readonly string[]): Record<string, string> => ({
  'main.py': [
    'import os, sys, time, signal, subprocess, socket',
    'import rowmill',
    'class Main(rowmill.Job):',
    '  def on_event(self, event):',
    ...lines.map((line) => `    ${line}`),
  ].join('\n'),
});

const js = (body: string, imports = ''): Record<string, string> => ({
  'main.js': `import { Job } from 'rowmill/job';\n${imports}\nexport class Main extends Job {\n async onEvent(event) {\n ${body}\n }\n}\n`,
});

describe('a script that eats memory', () => {
  it('is ended, however it takes it', async () => {
    const gradual = await runScript(py('a = []', 'while True: a.append(bytearray(1024 * 1024))'));
    expect(gradual).toMatchObject({ resultCode: 'error', limit: 'memory' });
    const atOnce = await runScript(py('return len(bytearray(10 ** 10))'));
    expect(atOnce).toMatchObject({
      resultCode: 'error',
      limit: 'memory',
      error: { name: 'MemoryError', file: 'main.py', line: 5 },
    });
    expect(atOnce.statistics.peakMemoryBytes).toBeLessThan(128 * MIB);
  });

  it('is ended when its heap, its buffers or one buffer grow, in JavaScript', async () => {
    const heap = await runScript(js('const a = []; for (;;) a.push({ a: a.length });'));
    expect(heap).toMatchObject({ resultCode: 'error', limit: 'memory' });
    const buffers = await runScript(
      js('const a = []; for (;;) a.push(Buffer.alloc(1024 * 1024, 1));'),
    );
    expect(buffers).toMatchObject({ resultCode: 'error', limit: 'memory' });
    const atOnce = await runScript(js('return Buffer.alloc(4_000_000_000).length;'));
    expect(atOnce).toMatchObject({
      limit: 'memory',
      error: { name: 'RangeError', file: 'main.js', line: 5 },
    });
  });

  it('is ended when its children take it, each of them little', async () => {
    const outcome = await runScript(
      py(
        'for n in range(8):',
        '  if os.fork() == 0:',
        '    a = bytearray(os.urandom(1024 * 1024)) * 40',
        '    time.sleep(3600)',
        'time.sleep(3600)',
      ),
    );
    expect(outcome).toMatchObject({ resultCode: 'error', limit: 'memory' });
    expect(outcome.error?.message).toMatch(/^memory: \d+ MB used, 128 MB allowed$/);
    expect(outcome.statistics.peakMemoryBytes).toBeGreaterThan(128 * MIB);
  });

  it('is not ended for pages that its processes share', async () => {
    const outcome = await runScript(
      py(
        'a = bytearray(os.urandom(1024 * 1024)) * 60',
        'children = []',
        'for n in range(4):',
        '  child = os.fork()',
        '  if child == 0:',
        '    time.sleep(0.5)',
        '    os._exit(len(a) % 7)',
        '  children.append(child)',
        'return [os.waitpid(child, 0)[1] >> 8 for child in children]',
      ),
    );
    const status = (60 * MIB) % 7;
    expect(outcome).toMatchObject({ resultCode: 'success', result: Array(4).fill(status) });
  });

  it('cannot hide it in files', async () => {
    const outcome = await runScript(
      py('for n in range(100):', '  open(f"/tmp/{n}", "wb").write(bytes(1024 * 1024))'),
    );
    expect(outcome).toMatchObject({ resultCode: 'error', limit: 'folder', error: { line: 6 } });
  });
});

describe('a script that forks', () => {
  it('without end is ended, with all it began', async () => {
    const outcome = await runScript(py('while True: os.fork()'), {
      // A hundred interpreters would pass that one first.
      limits: { memoryMb: 1024 },
    });
    expect(outcome).toMatchObject({ resultCode: 'error', limit: 'processes' });
  });

  it('into processes that leave its group and its session leaves none', async () => {
    const outcome = await runScript(
      py(
        `for n in range(5): subprocess.Popen(["sleep", "${MARK}"], start_new_session=True)`,
        'return "done"',
      ),
    );
    expect(outcome).toMatchObject({ resultCode: 'success', result: 'done' });
  });

  it('from JavaScript is counted too', async () => {
    const outcome = await runScript(
      js(
        `for (let n = 0; n < 400; n += 1) spawn('sleep', ['${MARK}']); await new Promise(() => setInterval(() => 0, 1000));`,
        "import { spawn } from 'node:child_process';",
      ),
    );
    expect(outcome).toMatchObject({ resultCode: 'error', limit: 'processes' });
  });
});

describe('a script that does not end', () => {
  it.each([
    ['Python', py('while True: pass')],
    ['JavaScript', js('for (;;) {}')],
  ])('is ended at its timeout: %s', async (_, files) => {
    const outcome = await runScript(files, { limits: { timeoutSeconds: 1 } });
    expect(outcome).toMatchObject({
      resultCode: 'timeout',
      limit: 'timeout',
      error: { message: 'timeout: still running after 1 s' },
    });
    expect(outcome.statistics.wallMs).toBeGreaterThanOrEqual(1000);
  });

  /** Stops a script once it asks its storage for anything. */
  const stopOnceBegun = (
    files: Record<string, string>,
    graceMs: number,
  ): Promise<ScriptOutcome> => {
    const stop = new AbortController();
    const storage = new MapStorage();
    storage.get = async () => {
      stop.abort(new Error('enough'));
      return undefined;
    };
    return runScript(files, { storage, signal: stop.signal, with: makeExecutor(graceMs) });
  };
  const STOPPED = {
    resultCode: 'error',
    limit: undefined,
    error: { name: 'Aborted', message: 'the execution was stopped: enough' },
  };

  it('and ignores TERM is killed, its children too', async () => {
    const outcome = await stopOnceBegun(
      py(
        'for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)',
        `subprocess.Popen(["sh", "-c", "trap '' TERM; sleep ${MARK}"], start_new_session=True)`,
        'self.storage.get("begun")',
        'while True: time.sleep(1)',
      ),
      300,
    );
    expect(outcome).toMatchObject(STOPPED);
  });

  it('hears by its signal that it must end', async () => {
    const body = `const ended = new Promise((resolve) => this.signal.addEventListener('abort', resolve));
      void this.storage.get('begun'); await ended; console.log('tidied up');`;
    const outcome = await stopOnceBegun(js(body), 60_000);
    expect(outcome).toMatchObject({ ...STOPPED, stdout: { text: 'tidied up\n' } });
  });

  it('gets TERM when it does not', async () => {
    const outcome = await stopOnceBegun(
      py(
        'def tidy(*_):',
        '  print("tidied up", self.aborted.is_set())',
        '  sys.exit(0)',
        'signal.signal(signal.SIGTERM, tidy)',
        'self.storage.get("begun")',
        'while True: time.sleep(0.01)',
      ),
      5000,
    );
    expect(outcome).toMatchObject({ ...STOPPED, stdout: { text: 'tidied up True\n' } });
  });

  /** An SFTP server that never answers, and what is done once it is asked. */
  const silentSftp = (onAsked: () => void) => {
    const ask = (): Promise<never> => {
      onAsked();
      return new Promise(() => undefined);
    };
    const [read, write, list, rename] = [ask, ask, ask, ask];
    return () => ({ read, write, list, rename, delete: ask, exists: ask });
  };

  it.each([
    ['Python', py('self.sftp("partner").list("")')],
    ['JavaScript', js('await this.sftp("partner").list("");')],
  ])('but waits for an SFTP server that never answers is ended: %s', async (_, files) => {
    const sftp = silentSftp(() => undefined);
    const timedOut = await runScript(files, { sftp, limits: { timeoutSeconds: 1 } });
    expect(timedOut).toMatchObject({ resultCode: 'timeout', limit: 'timeout' });
    const stop = new AbortController();
    const stopped = await runScript(files, {
      sftp: silentSftp(() => stop.abort(new Error('enough'))),
      signal: stop.signal,
    });
    expect(stopped).toMatchObject(STOPPED);
  });

  it('that is stopped before its start does not run', async () => {
    const outcome = await runScript(py('time.sleep(3600)'), { signal: AbortSignal.abort() });
    expect(outcome).toMatchObject({ resultCode: 'error', error: { name: 'Aborted' } });
  });
});

describe('a script that floods', () => {
  const flooded = (outcome: ScriptOutcome): void => {
    expect(outcome).toMatchObject({
      resultCode: 'error',
      limit: 'output',
      error: { message: 'output: more than the 10000 bytes that are allowed' },
    });
  };

  it.each(['stdout', 'stderr'] as const)('%s is ended, and what was cut is said', async (name) => {
    const outcome = await runScript(py(`while True: sys.${name}.write("x" * 1000)`), {
      limits: { outputBytes: 10_000 },
    });
    flooded(outcome);
    const { text, bytes, cutBytes } = outcome[name];
    expect(text).toBe('x'.repeat(10_000));
    expect(cutBytes).toBe(bytes - 10_000);
    expect(cutBytes).toBeGreaterThan(0);
  });

  it('its log, its result or a line without end is ended', async () => {
    const limits = { outputBytes: 10_000 };
    flooded(await runScript(py('while True: self.log.info("x" * 100)'), { limits }));
    flooded(await runScript(js("return 'x'.repeat(20_000);"), { limits }));
  });

  it('writes to the descriptors of the protocol is told what is wrong', async () => {
    const outcome = await runScript(py('os.write(4, b"hello\\n")', 'time.sleep(3600)'));
    expect(outcome).toMatchObject({ resultCode: 'error', error: { name: 'ProtocolError' } });
  });
});

describe('a script that looks around', () => {
  it('finds no environment of the host', async () => {
    process.env['ROWMILL_SECRET_PROBE'] = 'do-not-tell';
    try {
      const { result, resultCode } = await runScript(
        py(
          'found = dict(os.environ)',
          'for pid in os.listdir("/proc"):',
          '  try: found[pid] = open(f"/proc/{pid}/environ").read() if pid.isdigit() and pid != str(os.getpid()) else ""',
          '  except OSError: pass',
          'return found',
        ),
      );
      expect(resultCode).toBe('success');
      expect(JSON.stringify(result)).not.toContain('do-not-tell');
      expect(Object.keys(result as object).filter((name) => /^[A-Z]/.test(name))).toEqual([
        'PATH',
        'HOME',
        'TMPDIR',
        'LANG',
        'TZ',
      ]);
    } finally {
      delete process.env['ROWMILL_SECRET_PROBE'];
    }
  });

  it('finds no process but its own', async () => {
    const { result } = await runScript(
      py('return sorted(int(pid) for pid in os.listdir("/proc") if pid.isdigit())'),
    );
    expect((result as number[]).length).toBeLessThan(5);
    expect(result).not.toContain(process.pid);
  });

  it.each(['/etc/passwd', '/etc/shadow', '/var', '/sys', '/boot', join(data, 'rowmill.db')])(
    'finds no %s',
    async (path) => {
      const outcome = await runScript(
        py(`os.listdir(event) if not "." in event and event.count("/") == 1 else open(event)`),
        { event: path },
      );
      expect(outcome).toMatchObject({ resultCode: 'error', error: { name: 'FileNotFoundError' } });
    },
  );

  it('reaches no network: no address outside, none of this machine, no name', async () => {
    const server = createServer((_, answer) => void answer.end('hello'));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const reach = py(
        'import urllib.request',
        'return urllib.request.urlopen(f"http://127.0.0.1:{event}/", timeout=5).read().decode()',
      );
      const none = await runScript(reach, { event: port });
      expect(none).toMatchObject({ resultCode: 'error', error: { name: 'URLError' } });
      const fetched = await runScript(
        js('return (await fetch(`http://127.0.0.1:${event}/`)).text();'),
        { event: port },
      );
      expect(fetched).toMatchObject({ resultCode: 'error', error: { message: 'fetch failed' } });
      // What is allowed is reached: it is the sandbox that keeps it off.
      const access = { network: true, readable: [] };
      expect(await runScript(reach, { event: port, access })).toMatchObject({ result: 'hello' });
    } finally {
      server.close();
    }
  });

  it('writes nowhere but to its own folder and its temp folder', async () => {
    const outcome = await runScript(
      py(
        'found = {}',
        'for folder in event:',
        '  try:',
        '    open(folder + "/x", "w").write("x")',
        '    found[folder] = "written"',
        '  except OSError as error: found[folder] = error.strerror',
        'return found',
      ),
      { event: ['/', '/usr/lib', '/etc', '/dev', '/proc', '/mnt', '/script', '/tmp', places] },
    );
    const refused = expect.stringMatching(/Read-only|No such file|denied/);
    expect(outcome.result).toEqual({
      '/': refused,
      '/usr/lib': refused,
      '/etc': refused,
      '/dev': refused,
      '/proc': refused,
      '/mnt': refused,
      [places]: refused,
      '/script': 'written',
      '/tmp': 'written',
    });
  });

  it('reads what it was allowed to read, and cannot change it', async () => {
    const access = { network: false, readable: [data] };
    const path = join(data, 'rowmill.db');
    const read = await runScript(py('return open(event).read()'), { event: path, access });
    expect(read.result).toBe('everything');
    const written = await runScript(py('open(event, "w")'), { event: path, access });
    expect(written).toMatchObject({ resultCode: 'error', error: { file: 'main.py', line: 5 } });
    expect(readFileSync(path, 'utf8')).toBe('everything');
  });

  it('has no privilege and gets none: no capability, no mount, no users of its own, no other user', async () => {
    const outcome = await runScript(
      py(
        'status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)',
        'run = lambda *words: subprocess.run(words, capture_output=True).returncode',
        'return {',
        '  "capabilities": [status[name].strip() for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")],',
        '  "gains": status["NoNewPrivs"].strip(),',
        '  "mount": run("mount", "-t", "tmpfs", "x", "/tmp") == 0,',
        '  "users": run("unshare", "--user", "true") == 0,',
        '  "remount": run("mount", "-o", "remount,rw", "x", "/") == 0,',
        '  "sysctl": os.access("/proc/sys/kernel/core_pattern", os.W_OK),',
        '}',
      ),
    );
    expect(outcome.result).toEqual({
      capabilities: Array(4).fill('0000000000000000'),
      gains: '1',
      mount: false,
      users: false,
      remount: false,
      sysctl: false,
    });
  });
});

function processesOf(id: number): number[] {
  return readdirSync(`/proc/${id}/task`).flatMap((task) =>
    readFileSync(`/proc/${id}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter((child) => child !== '')
      .map(Number),
  );
}

function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}
