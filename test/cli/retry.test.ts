import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildIfStale, rowmill, type Ended } from './built-command-line.ts';

/** What it did is in a file, so that a test sees what is undone. */
const MODULE = `import { appendFileSync } from 'node:fs';
import { defineTask, fail, write } from 'rowmill';
import { anything, isEmail } from 'rowmill/verifiers';

const base = { category: 'demo', mandatory: { email: isEmail }, optional: { name: anything }, output: ['id'] } as const;
export const add = defineTask({ ...base, action: 'add', description: 'Give each address an id',
  row: ({ email }, _state, run) => (email.includes('taken') ? fail('is taken') : write({ id: 'id-' + run.rowNumber })),
  revert: ({ email }, written) => appendFileSync('undone.txt', email + ' ' + written[0]?.id + '\\n') });
export const keep = defineTask({ ...base, action: 'keep', description: 'No way back', destructive: true,
  row: ({ email }) => (email.includes('taken') ? fail('is taken') : write({ id: email })) });
`;
const TASKS = ['--tasks', 'demo.ts'];
const INPUT = `email,name
a@x.example,Ada
b-at-x.example,"Bob, Jr"
c@x.example,Çiğdem
taken@x.example,Dora
e@x.example,Eve
`;

let folder: string;
beforeAll(buildIfStale, 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-retry-'));
  await file('demo.ts', MODULE);
  await file('in.csv', INPUT);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (name: string, content: string | Buffer): Promise<void> =>
  writeFile(join(folder, name), content);
const content = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

async function json(words: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await rowmill(folder, [...words, ...TASKS, '--json']);
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch (error) {
    throw new Error(stderr, { cause: error });
  }
}

/** Runs the task over the input and gives the id of the run. */
async function ran(task = 'demo/add'): Promise<string> {
  const yes = task === 'demo/keep' ? ['--yes'] : [];
  const { run_id: id } = await json([
    'run',
    task,
    'in.csv',
    '-o',
    'out.csv',
    '--failed',
    'failed.csv',
    ...yes,
  ]);
  return String(id);
}

const runs = (...words: readonly string[]): Promise<Ended> =>
  rowmill(folder, ['runs', ...words, ...TASKS]);

const MERGED = `email,name,id,error
a@x.example,Ada,id-1,
b@x.example,"Bob, Jr",id-2,
c@x.example,Çiğdem,id-3,
d@x.example,Dora,id-4,
e@x.example,Eve,id-5,
`;

describe('rowmill runs retry', () => {
  it('does the rows of a failed.csv again that an editor fixed, and merges them', async () => {
    const id = await ran();
    const failed = await content('failed.csv');
    await file('failed.csv', failed.replace('b-at-x', 'b@x'));
    const first = await runs('retry', id, 'failed.csv', '-o', 'fixed.csv');
    expect(first.exitCode).toBe(4);
    expect(first.stderr).toContain(`rowmill runs save ${id} --merged merged.csv`);
    expect(await content('fixed.csv')).toBe(
      'email,name,id,error\nb@x.example,"Bob, Jr",id-2,\ntaken@x.example,Dora,,is taken\n',
    );
    const shown = await runs('show', id);
    expect(shown.stdout).toMatch(/rows +3 ok, 2 failed -> 1 fixed by run run_\w+, 1 still failed/);
    await file('failed.csv', failed.replace('b-at-x', 'b@x').replace('taken@x', 'd@x'));
    const second = await runs('retry', id, 'failed.csv');
    expect(second.exitCode).toBe(0);
    expect(second.stderr).toContain('failed.csv had been fixed before and was left alone');
    expect((await runs('save', id, '--merged', 'merged.csv')).exitCode).toBe(0);
    expect(await content('merged.csv')).toBe(MERGED);
    const lineage = await runs('show', id, '--row', '4');
    expect(lineage.stdout.trim().split('\n')).toEqual([
      `${id}  failed: is taken`,
      expect.stringMatching(/^run_\w+ {2}failed: is taken$/),
      expect.stringMatching(/^run_\w+ {2}ok {2}<- counts$/),
    ]);
    expect(await json(['runs', 'show', id])).toMatchObject({
      parent: null,
      children: [{ kind: 'retry' }, { kind: 'retry', status: 'success' }],
      reverted: false,
      effective: { succeeded: 5, failed: 0 },
    });
    const { exitCode, stderr } = await runs('retry', id);
    expect([exitCode, stderr.trim()]).toEqual([2, `error: run ${id} has no failed rows left`]);
  });

  it('are deleted with the run that they came from, in whatever order they are named', async () => {
    const id = await ran();
    const { run_id: child } = (await json(['runs', 'retry', id])) as { readonly run_id: string };
    const refused = await runs('delete', id, '--yes');
    expect([refused.exitCode, refused.stderr.trim()]).toEqual([
      2,
      `error: run ${id} is needed by ${child}, which did its rows again or undid them: delete those first`,
    ]);
    const { exitCode, stderr } = await runs('delete', id, child, '--yes');
    expect([exitCode, stderr]).toEqual([0, `${id} is deleted\n${child} is deleted\n`]);
  });

  it.each([
    [
      'semicolons, CRLF and a byte order mark',
      (text: string) => Buffer.from(`\uFEFF${spreadsheet(text)}`),
    ],
    [
      'tabs in UTF-16',
      (text: string) => Buffer.from(`\uFEFF${spreadsheet(text, '\t')}`, 'utf16le'),
    ],
    ['other columns first', (text: string) => Buffer.from(reordered(text))],
  ])('reads a failed.csv that a spreadsheet program saved: %s', async (_what, save) => {
    const id = await ran();
    const fixed = (await content('failed.csv')).replace('b-at-x', 'b@x').replace('taken@x', 'd@x');
    await file('failed.csv', save(fixed));
    const { exitCode, stderr } = await runs('retry', id, 'failed.csv');
    expect(exitCode, stderr).toBe(0);
    await runs('save', id, '--merged', 'merged.csv');
    expect(await content('merged.csv')).toBe(MERGED);
  });

  it('takes the output itself, and what was edited in it', async () => {
    const id = await ran();
    const edited = (await content('out.csv')).replace('b-at-x', 'b@x').replace('taken@x', 'd@x');
    await file('edited.csv', edited);
    expect((await runs('retry', id, 'edited.csv')).exitCode).toBe(0);
    await runs('save', id, '--merged', 'merged.csv');
    expect(await content('merged.csv')).toBe(MERGED);
  });

  it('refuses numbers by name and line, its own files as output, and a destructive task nobody confirmed', async () => {
    const id = await ran();
    await file('bad.csv', '_row,email\n2,b@x.example\n3,c@x.example\n');
    const unknown = await runs('retry', id, 'bad.csv');
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      6,
      expect.stringContaining(
        `bad.csv: line 3: row 3 is no failed row of run ${id}. Nothing was run`,
      ),
    ]);
    const same = await runs('retry', id, 'failed.csv', '-o', 'failed.csv');
    expect([same.exitCode, same.stderr]).toEqual([2, expect.stringContaining('give another name')]);
    const kept = await ran('demo/keep');
    const asked = await runs('retry', kept);
    expect([asked.exitCode, asked.stderr]).toEqual([2, expect.stringContaining('Say --yes')]);
    expect((await runs('retry', kept, '--yes')).exitCode).toBe(5);
  });
});

describe('rowmill runs revert', () => {
  it('asks, undoes the last row first, and says so in runs show', async () => {
    const id = await ran();
    const asked = await runs('revert', id);
    expect([asked.exitCode, asked.stderr]).toEqual([2, expect.stringContaining('Undo the 3 rows')]);
    const { exitCode, stderr } = await runs('revert', id, '--yes', '-o', 'undone.csv');
    expect(exitCode, stderr).toBe(0);
    expect(await content('undone.txt')).toBe(
      'e@x.example id-5\nc@x.example id-3\na@x.example id-1\n',
    );
    expect(await content('undone.csv')).toBe(
      'email,name,error\ne@x.example,Eve,\nc@x.example,Çiğdem,\na@x.example,Ada,\n',
    );
    expect(await json(['runs', 'show', id])).toMatchObject({
      reverted: true,
      children: [{ kind: 'revert', status: 'success' }],
    });
  });

  it('refuses a task that does not say how, without asking', async () => {
    const { exitCode, stderr } = await runs('revert', await ran('demo/keep'));
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('it has no revert')]);
  });
});

/** The cells of a table without line ends in them. */
function cells(text: string): string[][] {
  return text
    .trim()
    .split('\n')
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
      ),
    );
}

/** As a spreadsheet program saves it: its own delimiter and line ends, quotes only where it needs them. */
function spreadsheet(text: string, delimiter = ';'): string {
  const quoted = (cell: string): string =>
    /["\t;]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return `${cells(text)
    .map((row) => row.map(quoted).join(delimiter))
    .join('\r\n')}\r\n`;
}

function reordered(text: string): string {
  return `${cells(text)
    .map((row) =>
      row
        .toReversed()
        .map((cell) => `"${cell.replaceAll('"', '""')}"`)
        .join(','),
    )
    .join('\n')}\n`;
}
