import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale, rowmill } from '../cli/built-command-line.ts';
import { serveFolder, type ServedFolder } from './test-command-line.ts';

let served: ServedFolder;
beforeAll(async () => {
  await buildIfStale();
  served = await serveFolder();
}, 120_000);
afterAll(() => served.end());

const numbers = (count: number): string =>
  `n\n${Array.from({ length: count }, (_, index) => index + 1).join('\n')}\n`;

describe('run --server', () => {
  it('uploads, follows to the end and downloads, as a run of this machine does', async () => {
    await served.write('in.csv', 'n;note\n1;Ada\nbad;Bob\n');
    const remote = ['run', 'demo/quick', 'in.csv', '-o', 'out.csv'];
    const { exitCode, stderr, stdout } = await served.client(remote);
    expect([exitCode, stdout]).toEqual([4, '']);
    expect(await served.read('out.csv')).toBe(
      'n;note;seen;error\n1;Ada;seen 1;\nbad;Bob;;is bad\n',
    );
    expect(stderr).toMatch(/demo\/quick is done, some rows failed: 2 rows/);
    expect(stderr).toContain('is bad');
    const local = ['run', 'demo/quick', 'in.csv', '-o', 'local.csv', '--tasks', 'demo.ts'];
    expect((await rowmill(served.folder, local)).exitCode).toBe(4);
    expect(await served.read('local.csv')).toBe(await served.read('out.csv'));
  });

  it.each([
    ['0 when every row succeeds', 'n\n1\n', 'demo/quick', 0],
    ['5 when all fail', 'n\nbad\n', 'demo/quick', 5],
    ['6 when the header lacks what the task needs', 'm\n1\n', 'demo/quick', 6],
    ['2 for an unknown task', 'n\n1\n', 'demo/qick', 2],
    ['1 when the task breaks its contract', 'n\n1\n', 'demo/broken', 1],
  ])('ends with %s', async (_, csv, task, exitCode) => {
    await served.write('code.csv', csv);
    const ended = await served.client(['run', task, 'code.csv', '-o', 'code-out.csv']);
    expect([ended.exitCode, ended.stdout]).toEqual([exitCode, '']);
  });

  it('streams from standard input to standard output', async () => {
    const words = ['run', 'demo/quick', '-', '-o', '-'];
    const { exitCode, stdout } = await served.client(words, { stdin: numbers(20_000) });
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')).toHaveLength(20_002);
    expect(stdout).toContain('\n20000,seen 20000,\n');
  });

  it('leaves the output on the server without -o, and says how to get it', async () => {
    await served.write('in.csv', numbers(3));
    const { stderr, stdout } = await served.client(['run', 'demo/quick', 'in.csv']);
    const [runId = ''] = /run_\w+/.exec(stderr) ?? [];
    expect(stdout).toBe('');
    expect(stderr).toContain(`rowmill download ${runId} -o out.csv`);
    const { exitCode } = await served.client(['download', runId, '-o', 'later.csv']);
    expect([exitCode, await served.read('later.csv')]).toEqual([
      0,
      'n,seen,error\n1,seen 1,\n2,seen 2,\n3,seen 3,\n',
    ]);
    const piped = await served.client(['download', runId, '-o', '-']);
    expect(piped.stdout).toBe(await served.read('later.csv'));
    expect((await readdir(served.folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('asks before a destructive task, and refuses --resume', async () => {
    await served.write('in.csv', numbers(1));
    const wipe = await served.client(['run', 'demo/wipe', 'in.csv']);
    expect([wipe.exitCode, wipe.stderr]).toEqual([2, expect.stringContaining('--yes')]);
    const resumed = await served.client(['run', 'demo/quick', 'in.csv', '--resume']);
    expect([resumed.exitCode, resumed.stderr]).toEqual([2, expect.stringContaining('--resume')]);
  });

  it('stops following at Ctrl-C, and the run goes on', async () => {
    await served.write('in.csv', numbers(200));
    const run = served.begin(['run', 'demo/slow', 'in.csv', '-o', 'slow.csv']);
    const runId = await run.finds(/(run_\w+)/);
    run.process.kill('SIGINT');
    const { exitCode, stderr } = await run.ended;
    expect([exitCode, stderr]).toEqual([130, expect.stringContaining(`runs watch ${runId}`)]);
    const watch = await served.client(['runs', 'watch', runId]);
    expect([watch.exitCode, watch.stderr]).toEqual([0, expect.stringContaining('200 ok')]);
  });
});

describe('run --detach', () => {
  it('prints the id, and the run is followed, paused, resumed and stopped by it', async () => {
    await served.write('in.csv', numbers(500));
    const { exitCode, stdout } = await served.client(['run', 'demo/slow', 'in.csv', '--detach']);
    const runId = stdout.trim();
    expect([exitCode, runId]).toEqual([0, expect.stringMatching(/^run_\w+$/)]);
    const watch = served.begin(['runs', 'watch', runId, '--json']);
    await watch.says('"event":"progress"');
    const paused = await served.client(['runs', 'pause', runId, '--json']);
    expect([paused.exitCode, JSON.parse(paused.stdout)]).toMatchObject([0, { status: 'paused' }]);
    const resumed = await served.client(['runs', 'resume', runId, '--json']);
    expect([resumed.exitCode, resumed.stderr]).toEqual([0, '']);
    const stopped = await served.client(['runs', 'stop', runId, '--json']);
    expect(JSON.parse(stopped.stdout)).toMatchObject({ status: 'stopped', can_resume: true });
    expect((await watch.ended).exitCode).toBe(8);
    const list = await served.client(['runs', '--limit', '1', '--json']);
    expect(JSON.parse(list.stdout)).toMatchObject([{ run_id: runId, status: 'stopped' }]);
    const gone = await served.client(['runs', 'delete', runId, '--yes']);
    expect(gone.exitCode).toBe(0);
    expect((await served.client(['runs', 'show', runId])).exitCode).toBe(2);
  });

  it('needs a server', async () => {
    await served.write('in.csv', numbers(1));
    const words = ['run', 'demo/quick', 'in.csv', '--detach', '--tasks', 'demo.ts'];
    const { exitCode, stderr } = await rowmill(served.folder, words);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--server')]);
  });
});

describe('tasks --server', () => {
  it.each([
    ['tasks show demo/quick'],
    ['tasks template demo/quick'],
    ['tasks sample demo/quick'],
    ['tasks schema demo/quick'],
  ])('says by "%s" what a command of this machine says', async (line) => {
    const words = line.split(' ');
    const remote = await served.client(words);
    const local = await rowmill(served.folder, [...words, '--tasks', 'demo.ts']);
    expect([remote.exitCode, remote.stdout]).toEqual([0, local.stdout]);
  });

  it('lists the tasks of the server', async () => {
    const { stdout } = await served.client(['tasks', '--json']);
    const names = (JSON.parse(stdout) as readonly { readonly name: string }[]).map(
      ({ name }) => name,
    );
    expect(names).toEqual(expect.arrayContaining(['contacts/clean', 'demo/quick']));
  });
});

describe('check --server', () => {
  it('finds what a check of this machine finds, and leaves no draft behind', async () => {
    await served.write('check.csv', 'number;note\n1;Ada\n;Bob\n1;Ada\n');
    const words = ['check', 'demo/quick', 'check.csv', '--json'];
    const remote = await served.client(words);
    const local = await rowmill(served.folder, [...words, '--tasks', 'demo.ts']);
    expect(remote.exitCode).toBe(4);
    // How long it took and will take is for each to say.
    const own = { elapsed_ms: 0, expected_run_ms: 0 };
    const found = (text: string) => ({ ...(JSON.parse(text) as object), ...own });
    expect(found(remote.stdout)).toEqual(found(local.stdout));
    const drafts = await (await fetch(`${served.url}/v1/drafts`)).json();
    expect(drafts).toMatchObject({ data: [] });
  });

  it('refuses with 6 a file that lacks what the task needs', async () => {
    await served.write('check.csv', 'shoe;size\n1;2\n');
    const { exitCode, stderr } = await served.client(['check', 'demo/quick', 'check.csv']);
    expect([exitCode, stderr]).toEqual([6, expect.stringContaining('n')]);
  });
});

describe('a server that is not there', () => {
  it('is code 7, whatever is asked', async () => {
    for (const words of [['runs'], ['tasks'], ['run', 'demo/quick', 'in.csv']]) {
      const nowhere = ['--server', 'http://127.0.0.1:9'];
      const { exitCode, stderr } = await rowmill(served.folder, [...words, ...nowhere]);
      expect([exitCode, stderr]).toEqual([
        7,
        expect.stringContaining('http://127.0.0.1:9 cannot be reached: nothing listens there'),
      ]);
    }
  });
});

describe('login', () => {
  it('keeps the key in a file of the user alone, shows it nowhere, and forgets it', async () => {
    const { folder, url } = served;
    const login = await rowmill(folder, ['login', '--server', url, '--profile', 'work'], {
      stdin: 'rm_abc_verysecret\n',
    });
    expect(login.exitCode).toBe(0);
    const file = join(folder, '.config', 'rowmill', 'profiles.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, '.config', 'rowmill'))).mode & 0o777).toBe(0o700);
    const profiles = await rowmill(folder, ['profiles']);
    expect(profiles.stdout).toMatch(new RegExp(`work +${url} +rm_abc`));
    expect(profiles.stdout + login.stderr).not.toContain('verysecret');
    expect((await rowmill(folder, ['runs', '--profile', 'work'])).exitCode).toBe(0);
    const elsewhere = ['runs', '--profile', 'work', '--server', 'http://127.0.0.1:9'];
    expect(await rowmill(folder, elsewhere)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('its key goes nowhere else'),
    });
    expect((await rowmill(folder, ['logout', '--profile', 'work'])).exitCode).toBe(0);
    expect((await rowmill(folder, ['runs', '--profile', 'work'])).exitCode).toBe(2);
  });

  it('keeps nothing where the server is not there', async () => {
    const words = ['login', '--server', 'http://127.0.0.1:9', '--profile', 'nowhere'];
    const { exitCode } = await rowmill(served.folder, words, { stdin: 'rm_a_b' });
    expect(exitCode).toBe(7);
    expect((await rowmill(served.folder, ['profiles'])).stdout).not.toContain('nowhere');
  });
});
