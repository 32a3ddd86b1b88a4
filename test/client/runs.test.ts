import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale, rowmill, type Ended } from '../cli/built-command-line.ts';
import { serveFolder, type ServedFolder } from './test-command-line.ts';

const INPUT = [
  'n,note',
  '1,Ada',
  'two,"Bob ""B"""',
  '3,none',
  '4,"two\nlines"',
  'five,é',
  'six,',
  '',
].join('\n');
const FIXED_INPUT = INPUT.replace('two,', '2,').replace('six,', '6,');

let served: ServedFolder;
let remoteId = '';
let localId = '';
beforeAll(async () => {
  await buildIfStale();
  served = await serveFolder();
  await served.write('in.csv', INPUT);
  await served.write('fixed-in.csv', FIXED_INPUT);
  const words = ['run', 'demo/picky', 'in.csv', '-o', 'out.csv', '--json'];
  remoteId = runIdOf(await served.client(words));
  localId = runIdOf(await local(words));
}, 120_000);
afterAll(() => served.end());

function local(words: readonly string[]): Promise<Ended> {
  return rowmill(served.folder, [...words, '--tasks', 'demo.ts']);
}

function runIdOf({ stdout }: Ended): string {
  return (JSON.parse(stdout) as { readonly run_id: string }).run_id;
}

/** What a command says of the run on the server, and of the one on this machine. */
async function both(line: string): Promise<readonly [Ended, Ended]> {
  const words = line.split(' ');
  const of = (id: string) => words.map((word) => (word === 'RUN' ? id : word));
  return [await served.client(of(remoteId)), await local(of(localId))];
}

describe('about a run of a server', () => {
  it.each([
    'runs rows RUN',
    'runs rows RUN --json',
    'runs rows RUN --outcome failed',
    'runs rows RUN --outcome omitted --json',
    'runs rows RUN --column n --limit 2 --json',
    'runs rows RUN --message number --after 2',
    'runs rows RUN --after 3 --limit 1',
    'runs errors RUN',
    'runs errors RUN --limit 2 --json',
  ])('"%s" says what it says of one of this machine', async (line) => {
    const [remote, here] = await both(line);
    expect([remote.exitCode, remote.stdout]).toEqual([0, here.stdout]);
    expect(here.stdout).not.toBe('');
  });

  it.each(['runs show RUN --json', 'runs list --limit 1 --json'])(
    '"%s" has the same fields',
    async (line) => {
      const [remote, here] = await both(line);
      const fieldsOf = ({ stdout }: Ended) => {
        const said = JSON.parse(stdout) as object | readonly object[];
        return Object.keys(Array.isArray(said) ? (said[0] as object) : said);
      };
      expect(fieldsOf(remote)).toEqual(fieldsOf(here));
    },
  );

  it('"runs log" has the lines that the task wrote', async () => {
    const { stdout } = await served.client(['runs', 'log', remoteId]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.includes('took it'))).toHaveLength(3);
  });

  it('"runs save" writes the same files', async () => {
    const flags = '--failed failed.csv --errors errors.csv --unprocessed rest.csv';
    const files = ['failed.csv', 'errors.csv', 'rest.csv'];
    const read = () => Promise.all(files.map((name) => served.read(name)));
    expect((await local(['runs', 'save', localId, ...flags.split(' ')])).exitCode).toBe(0);
    const here = await read();
    expect((await served.client(['runs', 'save', remoteId, ...flags.split(' ')])).exitCode).toBe(0);
    expect(await read()).toEqual(here);
  });

  it('"download" gives each of its files', async () => {
    const get = async (file: string) =>
      (await served.client(['download', remoteId, '--file', file, '-o', '-'])).stdout;
    expect(await get('input')).toBe(INPUT);
    expect(await get('output')).toBe(await served.read('out.csv'));
    expect(await get('failed')).toBe(
      [
        'n,note,_row,error',
        'two,"Bob ""B""",2,"n: ""two"" is no number"',
        'five,é,5,"n: ""five"" is no number"',
        'six,,6,"n: ""six"" is no number"',
        '',
      ].join('\n'),
    );
  });

  it('what is not there is said with its name, and 2', async () => {
    for (const act of ['show', 'rows', 'errors', 'log', 'watch', 'retry', 'revert']) {
      const ended = await served.client(
        ['runs', act, 'run_nobody', '--yes'].slice(0, act === 'revert' ? 4 : 3),
      );
      expect([ended.exitCode, ended.stderr]).toEqual([2, expect.stringContaining('run_nobody')]);
    }
    const row = await served.client(['runs', 'show', remoteId, '--row', '99']);
    expect([row.exitCode, row.stderr]).toEqual([2, expect.stringContaining('99')]);
  });
});

describe('runs acknowledge', () => {
  it('says on the server that the end of a run was seen, and means nothing here', async () => {
    const seen = await served.client(['runs', 'acknowledge', remoteId, '--json']);
    expect([seen.exitCode, JSON.parse(seen.stdout)]).toMatchObject([0, { run_id: remoteId }]);
    const run = await (await fetch(`${served.url}/v1/runs/${remoteId}`)).json();
    expect(run).toMatchObject({ acknowledged_at: expect.stringMatching(/^\d{4}-/) });
    expect((await local(['runs', 'acknowledge', localId])).exitCode).toBe(2);
  });
});

describe('rows of a run of a server', () => {
  it('are done again as a file has them fixed, and stand in their places', async () => {
    const words = ['run', 'demo/picky', 'in.csv', '-o', 'first.csv', '--failed', 'failed.csv'];
    const first = await served.client(words);
    const [runId = ''] = /run_\w+/.exec(first.stderr) ?? [];
    expect([first.exitCode, first.stderr]).toEqual([
      4,
      expect.stringContaining(`rowmill runs retry ${runId} failed.csv`),
    ]);
    const fixed = (await served.read('failed.csv')).replace('two,', '2,').replace('six,', '6,');
    await served.write('failed.csv', fixed);
    const retry = await served.client(['runs', 'retry', runId, 'failed.csv', '-o', 'again.csv']);
    expect([retry.exitCode, retry.stderr]).toEqual([
      4,
      expect.stringContaining(`rowmill runs save ${runId} --merged merged.csv`),
    ]);
    expect((await served.read('again.csv')).split('\n')).toHaveLength(5);
    const merged = await served.client(['runs', 'save', runId, '--merged', 'merged.csv']);
    expect(merged.exitCode).toBe(0);
    await local(['run', 'demo/picky', 'fixed-in.csv', '-o', 'whole.csv']);
    expect(await served.read('merged.csv')).toBe(await served.read('whole.csv'));

    const show = await served.client(['runs', 'show', runId]);
    expect(show.stdout).toMatch(/3 ok, 3 failed -> 2 fixed by run run_\w+, 1 still failed/);
    const row = await served.client(['runs', 'show', runId, '--row', '2', '--json']);
    expect(JSON.parse(row.stdout)).toMatchObject({
      row: 2,
      results: [
        { run_id: runId, outcome: 'failed', error: 'n: "two" is no number' },
        { outcome: 'ok', error: null },
      ],
    });
  }, 60_000);

  it('are done again as they are, and what has failed no more is left alone', async () => {
    const again = await served.client(['runs', 'retry', remoteId, '--json']);
    expect([again.exitCode, JSON.parse(again.stdout)]).toMatchObject([
      5,
      { status: 'failure', failed: 3, succeeded: 0 },
    ]);
    await served.write('good.csv', 'n,_row\n7,2\n');
    expect((await served.client(['runs', 'retry', remoteId, 'good.csv'])).exitCode).toBe(0);
    const twice = await served.client(['runs', 'retry', remoteId, 'good.csv']);
    expect([twice.exitCode, twice.stderr]).toEqual([2, expect.stringContaining('good.csv')]);
    await served.write('wrong.csv', 'n,_row\n7,1\n');
    const wrong = await served.client(['runs', 'retry', remoteId, 'wrong.csv']);
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      6,
      expect.stringMatching(/wrong\.csv.*line 2: row 1 is no failed row/),
    ]);
    const drafts = await (await fetch(`${served.url}/v1/drafts`)).json();
    expect(drafts).toMatchObject({ data: [] });
  }, 60_000);

  it('are undone, where their task says how and somebody has said yes', async () => {
    const run = await served.client(['run', 'demo/picky', 'in.csv', '--json', '-o', 'out.csv']);
    const runId = runIdOf(run);
    const asked = await served.client(['runs', 'revert', runId]);
    expect([asked.exitCode, asked.stderr]).toEqual([2, expect.stringContaining('--yes')]);
    const undone = await served.client(['runs', 'revert', runId, '--yes', '-o', 'undone.csv']);
    expect([undone.exitCode, undone.stderr]).toEqual([4, expect.stringContaining('stays')]);
    expect(await served.read('undone.csv')).toContain('stays');
    const show = await served.client(['runs', 'show', runId, '--json']);
    expect(JSON.parse(show.stdout)).toMatchObject({ children: [{ kind: 'revert' }] });
    const quick = runIdOf(await served.client(['run', 'demo/quick', 'in.csv', '--json']));
    const cannot = await served.client(['runs', 'revert', quick, '--yes']);
    expect([cannot.exitCode, cannot.stderr]).toEqual([2, expect.stringContaining('revert')]);
  }, 60_000);
});

describe('a server that asks for keys', () => {
  it('is code 3 for who has none, a wrong one, or one that may not', async () => {
    const keyed = await serveFolder();
    try {
      const make = async (scope: string): Promise<string> => {
        const words = [
          'key',
          'create',
          '--data',
          'data',
          '--scope',
          scope,
          '--name',
          scope,
          '--json',
        ];
        return (JSON.parse((await rowmill(keyed.folder, words)).stdout) as { key: string }).key;
      };
      const [admin, reader] = [await make('admin'), await make('runs:read')];
      // The server hears of its first key within seconds.
      for (let looks = 0; looks < 200; looks += 1) {
        if ((await fetch(`${keyed.url}/v1/tasks`)).status === 401) break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await keyed.write('in.csv', 'n\n1\n');
      const as = (key: string | undefined, ...words: readonly string[]) =>
        rowmill(keyed.folder, words, {
          environment: {
            ROWMILL_SERVER: keyed.url,
            ...(key === undefined ? {} : { ROWMILL_API_KEY: key }),
          },
        });
      expect((await as(undefined, 'runs')).exitCode).toBe(3);
      expect((await as('rm_no_key', 'runs')).exitCode).toBe(3);
      expect((await as(reader, 'runs')).exitCode).toBe(0);
      const refused = await as(reader, 'run', 'demo/quick', 'in.csv');
      expect([refused.exitCode, refused.stderr]).toEqual([3, expect.stringContaining('scope')]);
      expect((await as(admin, 'run', 'demo/quick', 'in.csv')).exitCode).toBe(0);
    } finally {
      await keyed.end();
    }
  }, 60_000);
});
