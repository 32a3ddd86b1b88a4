import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArgumentsRefused, RunHalted } from '../../src/index.ts';
import { databaseAddress } from '../../src/tasks/table/database-address.ts';
import { openQuery } from '../../src/tasks/table/open-query.ts';
import { parseTableName, quotedTable } from '../../src/tasks/table/sql-name.ts';
import { exportQuery, upsert } from '../../src/tasks/table.ts';
import { argumentsOf, openTask, outcomesOf, type Row } from './outcomes-of.ts';
import { exportRows } from './export-rows.ts';

let folder: string;
let path: string;
let database: Database.Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rowmill-sqlite-'));
  path = join(folder, 'shop.db');
  database = new Database(path);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

function rowsOf(query: string): unknown[] {
  return database.prepare(query).raw(true).safeIntegers(true).all();
}

function put(
  rows: readonly Row[],
  given: Readonly<Record<string, unknown>> = {},
): Promise<string[]> {
  return outcomesOf(upsert, rows, { database: path, table: 'people', ...given });
}

describe('table/upsert into SQLite', () => {
  beforeEach(() => {
    database.exec(`CREATE TABLE people (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount NUMERIC(10,2), active BOOLEAN, born DATE,
      seen TIMESTAMP, extra JSON, code VARCHAR(3) UNIQUE, big BIGINT, double_id GENERATED ALWAYS AS (id * 2))`);
  });

  it('inserts and updates by the primary key, with the types of the table', async () => {
    const row = {
      id: '1',
      Name: 'Ada',
      amount: ' 12.50 ',
      active: 'Yes',
      born: '1815-12-10',
      seen: '2026-11-21T09:30:00Z',
      extra: '{"a": 1}',
      code: 'ÄÖ1',
      big: '9007199254740993',
    };
    expect(
      await put([row, { ...row, Name: 'Ada L.', active: 'no' }, { ...row, id: '2', code: '' }]),
    ).toEqual([
      'write {"action":"inserted"}',
      'write {"action":"updated"}',
      'write {"action":"inserted"}',
    ]);
    expect(rowsOf('SELECT id, name, amount, active, born, extra, code, big FROM people')).toEqual([
      [1n, 'Ada L.', 12.5, 0n, '1815-12-10', '{"a": 1}', 'ÄÖ1', 9_007_199_254_740_993n],
      [2n, 'Ada', 12.5, 1n, '1815-12-10', '{"a": 1}', null, 9_007_199_254_740_993n],
    ]);
  });

  it('refuses cells that do not fit, by column, value and type, and writes the other rows', async () => {
    const good = {
      id: '1',
      name: 'Ada',
      amount: '',
      active: '',
      born: '',
      seen: '',
      extra: '',
      code: '',
      big: '',
    };
    const rows = [
      { ...good, id: 'x' },
      { ...good, id: '' },
      { ...good, name: '' },
      { ...good, amount: '12,50' },
      { ...good, active: 'maybe' },
      { ...good, born: '1815-02-30' },
      { ...good, born: '10.12.1815' },
      { ...good, seen: 'yesterday' },
      { ...good, extra: '{a}' },
      { ...good, code: 'ABCD' },
      { ...good, big: '9223372036854775808' },
      { ...good, name: 'a\0b' },
      good,
    ];
    expect(await put(rows)).toEqual([
      'fail id: "x" is not a whole number (INTEGER)',
      'fail id: missing: a key must not be empty',
      'fail name: missing: the column takes no NULL (TEXT)',
      'fail amount: "12,50" is not a number such as -12.50 (NUMERIC(10,2))',
      'fail active: "maybe" is not true or false (BOOLEAN)',
      'fail born: "1815-02-30" is not a date such as 2026-11-21 (DATE)',
      'fail born: "10.12.1815" is not a date such as 2026-11-21 (DATE)',
      'fail seen: "yesterday" is not a date and time such as 2026-11-21 09:30:00 (TIMESTAMP)',
      'fail extra: "{a}" is not JSON (JSON)',
      'fail code: "ABCD" has 4 characters, but the column takes 3 (VARCHAR(3))',
      'fail big: "9223372036854775808" is outside of -9223372036854775808 to 9223372036854775807 (BIGINT)',
      'fail name: "a\0b" has a NUL character, which a database cannot keep',
      'write {"action":"inserted"}',
    ]);
    expect(rowsOf('SELECT id, name FROM people')).toEqual([[1n, 'Ada']]);
  });

  it('lets a row that the table refuses cost no other row of its batch', async () => {
    database.exec(`CREATE TRIGGER no_bob BEFORE INSERT ON people WHEN NEW.name = 'Bob'
      BEGIN SELECT RAISE(ABORT, 'no Bob here'); END`);
    database.exec(`CREATE TRIGGER no_eve BEFORE INSERT ON people WHEN NEW.name = 'Eve'
      BEGIN SELECT RAISE(ROLLBACK, 'no Eve at all'); END`);
    const names = ['Ada', 'Bob', 'Cy', 'Eve', 'Dee'];
    const rows = names.map((name, index) => ({
      id: String(index + 1),
      name,
      code: name === 'Cy' ? 'x' : '',
    }));
    expect(await put([...rows, { id: '9', name: 'Fay', code: 'x' }])).toEqual([
      'write {"action":"inserted"}',
      'fail refused by the database: no Bob here',
      'write {"action":"inserted"}',
      'fail refused by the database: no Eve at all',
      'write {"action":"inserted"}',
      'fail code: "x" refused by the database: UNIQUE constraint failed: people.code',
    ]);
    expect(rowsOf('SELECT name FROM people ORDER BY id')).toEqual([['Ada'], ['Cy'], ['Dee']]);
  });

  it('makes an empty cell NULL, an empty text, or leaves what is there', async () => {
    const full = { id: '1', name: 'Ada', code: 'abc', amount: '5' };
    const bare = { id: '1', name: 'Ada', code: '', amount: '' };
    const after = async (empty: string) => {
      await put([full]);
      await put([bare], { empty });
      return rowsOf('SELECT code, amount FROM people')[0];
    };
    expect(await after('null')).toEqual([null, null]);
    expect(await after('text')).toEqual(['', null]);
    expect(await after('keep')).toEqual(['abc', 5n]);
  });

  it('takes another unique key, and a row of nothing but its key', async () => {
    expect(
      await put(
        [
          { id: '1', name: 'Ada', code: 'abc' },
          { id: '1', name: 'Bob', code: 'abc' },
        ],
        { key: 'Code' },
      ),
    ).toEqual(['write {"action":"inserted"}', 'write {"action":"updated"}']);
    database.exec('CREATE TABLE tags (tag TEXT PRIMARY KEY)');
    expect(await put([{ tag: 'a' }, { tag: 'a' }], { table: 'main.tags' })).toEqual([
      'write {"action":"inserted"}',
      'write {"action":"updated"}',
    ]);
  });

  it.each([
    [
      ['id', 'nmae', 'x'],
      {},
      'the table people has no column "nmae", "x" (--arg extra_columns=ignore leaves them out); it has "id", "name"',
    ],
    [['name'], {}, 'the file has no column for the key "id"'],
    [
      ['id', 'name'],
      { key: 'name' },
      '"name" is not unique in the table people: it needs a primary key or a unique index',
    ],
    [['id', 'double_id'], {}, 'the database computes "double_id" by itself'],
    [['id', 'ID'], {}, 'two columns of the file are for "id"'],
    [['id'], { table: 'poeple' }, 'there is no table poeple (--arg create=yes makes it)'],
    [['id'], { table: 'a.b.c' }, '"a.b.c" is not the name of a table'],
  ])('refuses the header %j before the first row', async (header, given, message) => {
    const open = openTask(upsert, { database: path, table: 'people', ...given }, { header });
    await expect(open).rejects.toThrow(message);
  });

  it('leaves unknown columns out when told to, and names its own column by need', async () => {
    const rows = [{ id: '1', name: 'Ada', action: 'x', other: 'y' }];
    expect(await put(rows, { extra_columns: 'ignore' })).toEqual([
      'write {"upsert_action":"inserted"}',
    ]);
  });

  it('quotes whatever names a table and a file have', async () => {
    database.exec(
      `CREATE TABLE "drop ""it""; --" ("a ""b""" TEXT PRIMARY KEY, "select" TEXT, "__proto__" TEXT)`,
    );
    const rows = [{ 'a "b"': `x'); DROP TABLE people; --`, select: '1', ['__proto__']: 'p' }];
    expect(await put(rows, { table: '"drop ""it""; --"' })).toEqual([
      'write {"action":"inserted"}',
    ]);
    expect(rowsOf('SELECT * FROM "drop ""it""; --"')).toEqual([
      [`x'); DROP TABLE people; --`, '1', 'p'],
    ]);
    expect(rowsOf('SELECT count(*) FROM people')).toEqual([[0n]]);
  });

  it('waits for another writer, and makes a new table when told to', async () => {
    expect(
      await put([{ Id: '1', 'Full Name': 'Ada' }], { table: 'fresh', key: 'id', create: true }),
    ).toEqual(['write {"action":"inserted"}']);
    expect(rowsOf('SELECT "Full Name" FROM fresh')).toEqual([['Ada']]);
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    setTimeout(() => {
      other.exec('COMMIT');
      other.close();
    }, 50);
    await expect(put([{ id: '5', name: 'Zoe' }])).resolves.toHaveLength(1);
  });
});

describe('the argument database', () => {
  it('makes no file of a misspelt name', async () => {
    const misspelt = join(folder, 'shpo.db');
    const open = openTask(upsert, { database: misspelt, table: 'people' }, { header: ['id'] });
    await expect(open).rejects.toThrow(`there is no database file ${misspelt}`);
    expect(existsSync(misspelt)).toBe(false);
  });

  it.each([
    'postgres://me:secret@db.example.com/shop',
    'postgresql://me:@db.example.com/shop',
    'postgres://db.example.com/shop?user=me&password=secret',
  ])('takes no password in clear: %s', async (address) => {
    await expect(argumentsOf(upsert, { database: address, table: 't' })).rejects.toThrow(
      'database: holds a password, and arguments are stored with the run',
    );
  });

  it.each([
    ['mysql://db/shop', 'must be a SQLite file or begin with postgres://'],
    ['', 'must be a file or postgres://…'],
    [undefined, 'is missing'],
  ])('refuses %j', async (address, message) => {
    await expect(argumentsOf(upsert, { database: address, table: 't' })).rejects.toThrow(message);
  });

  it.each([
    [
      'postgres://me:{{secret:PW}}@db/shop',
      { kind: 'postgres', url: 'postgres://me:p%40ss%2F@db/shop' },
    ],
    ['{{ secret:URL }}', { kind: 'postgres', url: 'postgres://me:x@db/shop' }],
    ['sqlite:data/shop.db', { kind: 'sqlite', path: 'data/shop.db' }],
    ['sqlite:///data/shop.db', { kind: 'sqlite', path: '/data/shop.db' }],
    ['file:shop.db', { kind: 'sqlite', path: 'shop.db' }],
    ['C:\\data\\shop.db', { kind: 'sqlite', path: 'C:\\data\\shop.db' }],
    [':memory:', { kind: 'sqlite', path: ':memory:' }],
  ])('%s is where it says', (written, address) => {
    const secrets: Readonly<Record<string, string>> = {
      PW: 'p@ss/',
      URL: 'postgres://me:x@db/shop',
    };
    expect(databaseAddress(written, (name) => secrets[name] ?? '')).toEqual(address);
  });
});

describe('the name of a table', () => {
  it.each([
    ['people', '"people"'],
    ['shop.people', '"shop"."people"'],
    ['"a.b"."c ""d"""', '"a.b"."c ""d"""'],
    ['Select * From x', '"Select * From x"'],
  ])('%s is %s', (written, quoted) => {
    expect(quotedTable(parseTableName(written))).toBe(quoted);
  });

  it.each(['', '.', 'a.', '.a', 'a.b.c', 'a"b', '"a'])('%j is none', (written) => {
    expect(() => parseTableName(written)).toThrow('is not the name of a table');
  });
});

describe('table/export from SQLite', () => {
  beforeEach(() => {
    database.exec(
      `CREATE TABLE people (id INTEGER PRIMARY KEY, part TEXT, name TEXT, amount REAL, photo BLOB)`,
    );
    database.exec(
      `INSERT INTO people SELECT value, 'p' || (value % 3), 'n' || value, value + 0.5, x'00ff' FROM generate_series(1, 25)`,
    );
  });

  it.each([
    ['in one pass', {}],
    ['by key', { key: 'id' }],
    ['by a key of two columns', { key: 'part, id' }],
  ])('gives every row once, %s, wherever it is broken off', async (_how, given) => {
    const all = {
      database: path,
      query: 'SELECT id, part, name FROM people;',
      page_rows: 4,
      ...given,
    };
    const whole = await exportRows(exportQuery, all);
    expect(whole.columns).toEqual(['id', 'part', 'name']);
    expect(whole.rows.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 25 }, (_, index) => index + 1),
    );
    for (const steps of [1, 3, 6]) {
      const begun = await exportRows(exportQuery, all, { steps });
      const rest = await exportRows(exportQuery, all, { from: begun.state });
      expect([...begun.rows, ...rest.rows]).toEqual(whole.rows);
    }
  });

  it('writes values as the database has them', async () => {
    database.exec(`INSERT INTO people VALUES (9007199254740993, NULL, 'a"b', 2, x'')`);
    const query = 'SELECT *, 1 = 1 AS flag FROM people WHERE id > 24 ORDER BY id';
    const { rows } = await exportRows(exportQuery, { database: path, query, null_text: 'NULL' });
    expect(rows).toEqual([
      { id: '25', part: 'p1', name: 'n25', amount: '25.5', photo: '\\x00ff', flag: '1' },
      { id: '9007199254740993', part: 'NULL', name: 'a"b', amount: '2', photo: '\\x', flag: '1' },
    ]);
  });

  it.each([
    [
      'SELECT 1 AS a, 2 AS a, 3 AS error',
      {},
      'the query gives "a" twice: name one otherwise (AS); a column "error" is',
    ],
    [
      'SELECT id FROM people',
      { key: 'id, nope' },
      'the query gives no column "nope"; it gives "id"',
    ],
    ['DELETE FROM people', {}, 'must be one SELECT'],
    ['SELECT nope FROM people', {}, 'no such column: nope'],
    ['SELECT 1 AS id; DELETE FROM people', {}, 'syntax error'],
    ['SELECT 1 AS id; DELETE FROM people', { key: 'id' }, 'syntax error'],
  ])('refuses %s', async (query, given, message) => {
    await expect(exportRows(exportQuery, { database: path, query, ...given })).rejects.toThrow(
      message,
    );
    expect(rowsOf('SELECT count(*) FROM people')).toEqual([[25n]]);
  });

  it.each([
    ['of one column', 'name', 'name'],
    ['of two columns, in the second', 'part, name', 'name'],
    ['of two columns, in the first', 'name, id', 'name'],
  ])('refuses a key %s that is NULL in a late row, before the first', async (_which, key, name) => {
    database.exec(`UPDATE people SET name = NULL WHERE id = 25`);
    const query = 'SELECT id, part, name FROM people';
    const exported = exportRows(
      exportQuery,
      { database: path, query, key, page_rows: 2 },
      { steps: 1 },
    );
    await expect(exported).rejects.toThrow(ArgumentsRefused);
    await expect(exported).rejects.toThrow(`key: "${name}" is NULL in a row of the query`);
  });

  it('ends at a NULL that came into the key meanwhile', async () => {
    const query = 'SELECT part, id FROM people';
    const { signal } = new AbortController();
    const settings = { database: path, query, key: ['part', 'id'] };
    const reader = await openQuery(settings, { signal, secretOf: () => '' });
    database.exec('UPDATE people SET part = NULL WHERE id = 25');
    const page = reader.page({ rows: 0, last: undefined }, 4);
    await expect(page).rejects.toThrow('the key "part" is NULL in a row that came meanwhile');
    await reader.close();
  });

  it.each([
    ['within a page', 'part', 1000, 'the key part is not unique ("p0")'],
    ['at the end of a page', 'part', 1, 'the key part is not unique ("p0")'],
    ['where a page is resumed', 'name', 1, 'the key name is not unique ("A")'],
  ])('does not lose rows to a key that is shared %s', async (_where, key, page_rows, message) => {
    database.exec(`CREATE TABLE shared (part TEXT, name TEXT COLLATE NOCASE)`);
    // Equal to the database only, by the collation of the column.
    database.exec(`INSERT INTO shared VALUES ('p0', 'A'), ('p0', 'a'), ('p1', 'b')`);
    const given = { database: path, query: 'SELECT part, name FROM shared', key, page_rows };
    const exported = exportRows(exportQuery, given);
    await expect(exported).rejects.toThrow(RunHalted);
    await expect(exported).rejects.toThrow(message);
  });

  it.each([{}, { key: 'id' }])('ends to be resumed at a page that fails, %j', async (given) => {
    const query = `SELECT id, json_extract(iif(id < 7, '{}', '{'), '$.a') AS a FROM people`;
    const all = { database: path, query, page_rows: 2, ...given };
    const rest = exportRows(exportQuery, all);
    await expect(rest).rejects.toThrow(RunHalted);
    await expect(rest).rejects.toThrow(
      /refuses the query behind row \d: malformed JSON \(SELECT id/,
    );
  });

  it('never writes, whatever the query says', async () => {
    const query = 'DELETE FROM people RETURNING id';
    await expect(exportRows(exportQuery, { database: path, query })).rejects.toThrow(
      /readonly|SELECT/,
    );
    expect(rowsOf('SELECT count(*) FROM people')).toEqual([[25n]]);
  });
});
