import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExamples } from '../src/engine/task/examples.ts';
import { isTask, type Task } from '../src/engine/task/task.ts';
import { buildIfStale, rowmill } from './cli/built-command-line.ts';
import { sendJson, startServer, type LocalServer } from './tasks/local-server.ts';

const sample = (file: string): string =>
  fileURLToPath(new URL(`../samples/${file}`, import.meta.url));
const golden = (file: string): string =>
  fileURLToPath(new URL(`fixtures/samples/${file}`, import.meta.url));

let folder: string;
let service: LocalServer;

beforeAll(async () => {
  await buildIfStale();
  folder = await mkdtemp(join(tmpdir(), 'rowmill-samples-'));
  service = await startServer((seen, response) => {
    const sku = seen.path.split('/').at(-1) ?? '';
    const calls = service.seen.filter(({ path }) => path === seen.path).length;
    if (sku === 'AB-103' && calls === 1) {
      response.writeHead(429, { 'retry-after': '0' }).end();
    } else if (sku === 'EF-301') sendJson(response, {}, 404);
    else sendJson(response, { count: Number(sku.slice(3)) });
  });
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a sample as a user does; its output is compared byte by byte (UPDATE_GOLDEN=1 rewrites it). */
async function output(
  name: string,
  { words, exitCode }: { words: readonly string[]; exitCode: number },
): Promise<void> {
  const out = join(folder, `${name}.csv`);
  const ended = await rowmill(folder, ['run', ...words, '-o', out]);
  expect(ended, ended.stderr).toMatchObject({ exitCode });
  const written = await readFile(out);
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(golden(`${name}.csv`), written);
  expect(written.toString()).toBe((await readFile(golden(`${name}.csv`))).toString());
}

describe('a sample gives the output that is checked in', () => {
  it('01: hello', () =>
    output('01-hello', {
      words: ['samples/hello', sample('contacts.csv'), '--tasks', sample('01-hello-task.ts')],
      exitCode: 4,
    }));

  it('02: carried state, over a windows-1252 file with title rows', () =>
    output('02-balance', {
      words: ['samples/balance', sample('bank.csv'), '--tasks', sample('02-carried-state.ts')],
      exitCode: 4,
    }));

  it('03: schemas and arguments, over a UTF-16 file with tabs', () =>
    output('03-price', {
      words: [
        'samples/price',
        sample('orders.txt'),
        '--tasks',
        sample('03-schema-and-arguments.ts'),
        '--arg',
        'tax=10',
        '--arg',
        'currency=CHF',
      ],
      exitCode: 4,
    }));

  it('04: concurrent calls of a service, tried again when it is busy', async () => {
    await output('04-stock', {
      words: [
        'samples/stock',
        sample('products.csv'),
        '--tasks',
        sample('04-call-a-service.ts'),
        '--arg',
        `service=${service.origin}`,
      ],
      exitCode: 4,
    });
    const busy = service.seen.filter(({ path }) => path === '/stock/AB-103');
    expect(busy).toHaveLength(2);
    expect(busy[0]?.headers['idempotency-key']).toBe(busy[1]?.headers['idempotency-key']);
  });

  it('05: no input', () =>
    output('05-working-days', {
      words: [
        'samples/working-days',
        '--tasks',
        sample('05-no-input.ts'),
        '--arg',
        'from=2026-12-21',
        '--arg',
        'days=7',
      ],
      exitCode: 0,
    }));

  it('06: batches into a database', async () => {
    const database = join(folder, 'products.db');
    await output('06-store', {
      words: [
        'samples/store',
        sample('products.csv'),
        '--tasks',
        sample('06-into-a-database.ts'),
        '--arg',
        `database=${database}`,
      ],
      exitCode: 4,
    });
    const kept = new Database(database).prepare('SELECT sku, price FROM products ORDER BY sku');
    expect(kept.raw(true).all()).toEqual([
      ['AB-101', 42.9],
      ['AB-102', 25],
      ['AB-103', 54.5],
      ['CD-202', 34],
      ['CD-203', 129],
      ['EF-304', 4.99],
      ['EF-306', 18],
      ['cd-204', 79],
    ]);
  });

  it('of contacts/clean, the first thing a new user runs', () =>
    output('contacts-clean', {
      words: ['contacts/clean', sample('contacts.csv')],
      exitCode: 4,
    }));

  it('of contacts/dedupe over what contacts/clean gave', () =>
    output('contacts-dedupe', {
      words: ['contacts/dedupe', golden('contacts-clean.csv'), '--arg', 'empty=keep'],
      exitCode: 0,
    }));
});

describe('the examples of a sample', () => {
  const partner = { 'prices.csv': 'sku,price\nAB-101,39.90\n' };
  it.each([
    '01-hello-task.ts',
    '02-carried-state.ts',
    '03-schema-and-arguments.ts',
    '05-no-input.ts',
    '06-into-a-database.ts',
    '07-partner-prices.ts',
  ])('%s hold', async (file) => {
    const exported: Readonly<Record<string, unknown>> = await import(sample(file));
    const tasks: readonly Task[] = Object.values(exported).filter(isTask);
    expect(tasks).toHaveLength(1);
    for (const task of tasks) {
      expect(task.examples.length).toBeGreaterThan(0);
      expect(await runExamples(task, { sftp: { partner } })).toEqual([]);
    }
  });
});
