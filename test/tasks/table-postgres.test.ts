import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ArgumentsRefused, RunHalted } from '../../src/index.ts';
import { openQuery } from '../../src/tasks/table/open-query.ts';
import { exportQuery, upsert } from '../../src/tasks/table.ts';
import { exportRows } from './export-rows.ts';
import { openTask, outcomesOf, shown, type Row } from './outcomes-of.ts';
import { asked, NOT_RUN, startPostgres, type TestPostgres } from './postgres-cluster.ts';

const postgres: TestPostgres | undefined = await startPostgres();
afterAll(() => postgres?.stop());

describe.skipIf(postgres === undefined)(
  postgres === undefined ? NOT_RUN : 'with a PostgreSQL server',
  () => {
    const database = postgres?.url ?? '';

    function put(rows: readonly Row[], given: Readonly<Record<string, unknown>> = {}) {
      return outcomesOf(upsert, rows, { database, table: 'shop.people', ...given });
    }

    describe('table/upsert', () => {
      beforeEach(async () => {
        await asked(
          database,
          `DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;
           CREATE TYPE shop.mood AS ENUM ('happy', 'sad');
           CREATE DOMAIN shop.positive AS integer CHECK (value > 0);
           CREATE TABLE shop.people (
             id int PRIMARY KEY, name text NOT NULL, amount numeric(10,2), active boolean, born date,
             seen timestamp, seen_at timestamptz, wakes time, extra jsonb, code varchar(3) UNIQUE,
             small smallint, big bigint, ratio float8, uid uuid, mood shop.mood, tags text[], bits bit(2),
             ip inet, count shop.positive, double_id int GENERATED ALWAYS AS (id * 2) STORED)`,
        );
      });

      it('inserts and updates with the types of the table, exactly', async () => {
        const row = {
          ID: '1',
          name: 'Ada',
          amount: ' 12345678.90 ',
          active: 'Yes',
          born: '1815-12-10',
          seen: '2026-11-21T09:30:00.123456',
          'seen at': '2026-11-21 09:30:00+02',
          wakes: '06:30',
          extra: '{"a": [1]}',
          code: 'ÄÖ😀',
          small: '-32768',
          big: '9007199254740993',
          ratio: '1e-7',
          uid: 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
          mood: 'sad',
          tags: '{a,"b c"}',
          bits: '10',
          ip: '10.0.0.1',
          count: '3',
        };
        expect(await put([row, { ...row, ID: '2', code: '', amount: '' }])).toEqual([
          'write {"action":"inserted"}',
          'write {"action":"inserted"}',
        ]);
        expect(await put([{ ...row, name: 'Ada L.' }])).toEqual(['write {"action":"updated"}']);
        const found = await asked(
          database,
          `SELECT (row_to_json(p)::jsonb - 'seen_at')::text AS json, seen_at = '2026-11-21 07:30:00Z' AS at
             FROM shop.people p ORDER BY id`,
        );
        expect(JSON.parse(String(found[0]?.['json']))).toEqual({
          id: 1,
          name: 'Ada L.',
          amount: 12_345_678.9,
          active: true,
          born: '1815-12-10',
          seen: '2026-11-21T09:30:00.123456',
          wakes: '06:30:00',
          extra: { a: [1] },
          code: 'ÄÖ😀',
          small: -32_768,
          big: expect.anything() as unknown,
          ratio: 1e-7,
          uid: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
          mood: 'sad',
          tags: ['a', 'b c'],
          bits: '10',
          ip: '10.0.0.1',
          count: 3,
          double_id: 2,
        });
        expect(String(found[0]?.['json'])).toContain('9007199254740993');
        expect(found.map(({ at }) => at)).toEqual([true, true]);
      });

      it('refuses cells that do not fit before they are sent', async () => {
        const rows = [
          { id: '2147483648' },
          { id: '1', amount: '1.234,50' },
          { id: '1', seen: '2026-11-21T09:30:00Z' },
          { id: '1', seen_at: '2026-13-01' },
          { id: '1', wakes: '25:00' },
          { id: '1', code: 'ABCD' },
          { id: '1', mood: 'angry' },
          { id: '1', uid: '17' },
          { id: '1', name: '' },
        ];
        const others = {
          name: 'x',
          amount: '',
          seen: '',
          seen_at: '',
          wakes: '',
          code: '',
          mood: '',
          uid: '',
        };
        expect(await put(rows.map((row) => Object.assign({}, others, row)))).toEqual([
          'fail id: "2147483648" is outside of -2147483648 to 2147483647 (integer)',
          'fail amount: "1.234,50" is not a number such as -12.50 (numeric(10,2))',
          'fail seen: "2026-11-21T09:30:00Z" has a time zone, which the column does not keep (timestamp without time zone)',
          'fail seen_at: "2026-13-01" is not a date and time such as 2026-11-21 09:30:00 (timestamp with time zone)',
          'fail wakes: "25:00" is not a time such as 09:30:00 (time without time zone)',
          'fail code: "ABCD" has 4 characters, but the column takes 3 (character varying(3))',
          'fail mood: "angry" is not one of happy, sad (shop.mood)',
          'fail uid: "17" is not a UUID (uuid)',
          'fail name: missing: the column takes no NULL (text)',
        ]);
      });

      it('lets rows that the database refuses cost no other row of their batch', async () => {
        const rows = Array.from({ length: 50 }, (_, index) => ({
          id: String(index + 1),
          name: `n${index + 1}`,
          code: index === 30 ? '5' : String(index),
          count: index === 10 ? '-1' : '1',
          ip: index === 20 ? 'nowhere' : '',
          bits: index === 40 ? '101' : '11',
        }));
        const outcomes = await put(rows);
        expect(outcomes[10]).toMatch(/^fail refused by the database: .*violates check constraint/);
        expect(outcomes[20]).toMatch(
          /^fail refused by the database: invalid input syntax for type inet/,
        );
        expect(outcomes[30]).toMatch(
          /^fail refused by the database: duplicate key .*\(code\)=\(5\) already/,
        );
        expect(outcomes[40]).toMatch(
          /^fail refused by the database: bit string length 3 does not match/,
        );
        expect(
          outcomes.filter((outcome) => outcome === 'write {"action":"inserted"}'),
        ).toHaveLength(46);
        expect(await asked(database, 'SELECT count(*)::int AS n FROM shop.people')).toEqual([
          { n: 46 },
        ]);
      });

      it('writes a key that comes twice in one batch in order', async () => {
        expect(
          await put([
            { id: '1', name: 'first' },
            { id: '01', name: 'second' },
            { id: '2', name: 'other' },
          ]),
        ).toEqual([
          'write {"action":"inserted"}',
          'write {"action":"updated"}',
          'write {"action":"inserted"}',
        ]);
        expect(await asked(database, 'SELECT name FROM shop.people ORDER BY id')).toEqual([
          { name: 'second' },
          { name: 'other' },
        ]);
      });

      it("keeps each row's own result when a trigger leaves some out", async () => {
        await asked(
          database,
          `CREATE FUNCTION shop.skips() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN IF new.name = 'skip' THEN RETURN NULL; END IF; RETURN new; END $$;
           CREATE TRIGGER skips BEFORE INSERT ON shop.people FOR EACH ROW EXECUTE FUNCTION shop.skips();
           INSERT INTO shop.people (id, name) VALUES (3, 'old')`,
        );
        const names = ['skip', 'a', 'b', 'c', 'skip'];
        const leftOut =
          'fail refused by the database: left out by a trigger or a rule of the table';
        expect(await put(names.map((name, index) => ({ id: String(index + 1), name })))).toEqual([
          leftOut,
          'write {"action":"inserted"}',
          'write {"action":"updated"}',
          'write {"action":"inserted"}',
          leftOut,
        ]);
        expect(await asked(database, 'SELECT id, name FROM shop.people ORDER BY id')).toEqual([
          { id: 2, name: 'a' },
          { id: 3, name: 'b' },
          { id: 4, name: 'c' },
        ]);
      });

      it('makes an empty cell NULL, an empty text, or leaves what is there', async () => {
        const after = async (empty: string) => {
          await put([{ id: '1', name: 'Ada', code: 'abc', amount: '5' }]);
          await put([{ id: '1', name: 'Ada', code: '', amount: '' }], { empty });
          return (await asked(database, 'SELECT code, amount FROM shop.people'))[0];
        };
        expect(await after('null')).toEqual({ code: null, amount: null });
        expect(await after('text')).toEqual({ code: '', amount: null });
        expect(await after('keep')).toEqual({ code: 'abc', amount: '5.00' });
      });

      it.each([
        [['id', 'nmae'], {}, 'the table shop.people has no column "nmae"'],
        [['id', 'double_id'], {}, 'the database computes "double_id" by itself'],
        [['id', 'name'], { key: 'name' }, '"name" is not unique in the table shop.people'],
        [['id'], { table: 'people' }, 'there is no table people'],
      ])('refuses the header %j before the first row', async (header, given, message) => {
        const open = openTask(upsert, { database, table: 'shop.people', ...given }, { header });
        await expect(open).rejects.toThrow(message);
      });

      it('makes a new table when told to, with whatever names', async () => {
        const given = { table: 'shop."new ""t"""', key: 'a "b"', create: 'yes' };
        expect(await put([{ 'a "b"': '1', select: "x'); --" }], given)).toEqual([
          'write {"action":"inserted"}',
        ]);
        expect(await asked(database, 'SELECT * FROM shop."new ""t"""')).toEqual([
          { 'a "b"': '1', select: "x'); --" },
        ]);
      });

      it('goes on when the connection breaks between two batches', async () => {
        const open = await openTask(
          upsert,
          { database, table: 'shop.people' },
          { header: ['id', 'name'] },
        );
        await open.rows([{ id: '1', name: 'Ada' }]);
        await postgres?.disconnectAll();
        expect((await open.rows([{ id: '1', name: 'Bob' }])).map(shown)).toEqual([
          'write {"action":"updated"}',
        ]);
        await open.close();
      });

      it('ends the run when the table is gone, instead of failing every row', async () => {
        const header = ['id', 'name'];
        const open = await openTask(upsert, { database, table: 'shop.people' }, { header });
        await asked(database, 'DROP TABLE shop.people');
        const rows = open.rows([{ id: '1', name: 'Ada' }]);
        await expect(rows).rejects.toThrow(RunHalted);
        await open.close();
      });

      it('takes the password from a secret, and says what the server says', async () => {
        const address = new URL(database);
        const rows = [{ id: '1', name: 'Ada' }];
        const given = {
          database: `postgres://nobody_such:{{secret:PW}}@${address.host}/postgres`,
          table: 'shop.people',
        };
        await expect(outcomesOf(upsert, rows, given, { secrets: { PW: 'p@ss' } })).rejects.toThrow(
          'role "nobody_such" does not exist',
        );
      });
    });

    describe('table/export', () => {
      beforeAll(async () => {
        await asked(
          database,
          `DROP TABLE IF EXISTS numbers; CREATE TABLE numbers AS
             SELECT n AS id, n % 3 AS part, 'n' || n AS name FROM generate_series(1, 25) AS n`,
        );
      });

      it.each([
        ['from a cursor', { query: 'SELECT * FROM numbers ORDER BY id DESC;' }],
        ['by key', { query: 'SELECT * FROM numbers', key: 'id' }],
        ['by a key of two columns', { query: 'SELECT * FROM numbers -- all', key: 'part, id' }],
      ])('gives every row once, %s, wherever it is broken off', async (_how, given) => {
        const all = { database, page_rows: 4, ...given };
        const whole = await exportRows(exportQuery, all);
        expect(whole.columns).toEqual(['id', 'part', 'name']);
        expect(new Set(whole.rows.map(({ id }) => id)).size).toBe(25);
        for (const steps of [1, 3, 6]) {
          const begun = await exportRows(exportQuery, all, { steps });
          const rest = await exportRows(exportQuery, all, { from: begun.state });
          expect([...begun.rows, ...rest.rows]).toEqual(whole.rows);
        }
      });

      it.each([
        ['of one column', 'name', 'name'],
        ['of two columns, in the second', 'part, name', 'name'],
        ['of two columns, in the first', 'name, id', 'name'],
      ])('refuses a key %s that is NULL in a late row, before the first', async (_w, key, name) => {
        const query = "SELECT id, part, nullif(name, 'n25') AS name FROM numbers";
        const given = { database, query, key, page_rows: 2 };
        const exported = exportRows(exportQuery, given, { steps: 1 });
        await expect(exported).rejects.toThrow(ArgumentsRefused);
        await expect(exported).rejects.toThrow(`key: "${name}" is NULL in a row of the query`);
      });

      it.each([1, 1000])('does not lose rows to a shared key, %d a page', async (page_rows) => {
        // Equal to the database only: the texts differ.
        const query = 'SELECT * FROM (VALUES (1.0), (1.00), (1.00), (2)) AS v(price)';
        const exported = exportRows(exportQuery, { database, query, key: 'price', page_rows });
        await expect(exported).rejects.toThrow(RunHalted);
        await expect(exported).rejects.toThrow('the key price is not unique ("1.0');
      });

      it.each([{}, { key: 'id' }])('ends to be resumed at a page that fails, %j', async (given) => {
        const query = 'SELECT id, 1 / (id - 7) AS a FROM numbers';
        const exported = exportRows(exportQuery, { database, query, page_rows: 2, ...given });
        await expect(exported).rejects.toThrow(RunHalted);
        await expect(exported).rejects.toThrow('division by zero (SELECT id, 1 / (id - 7)');
      });

      it('writes nothing on a connection that is made again either', async () => {
        await asked(database, 'DROP SEQUENCE IF EXISTS s_read; CREATE SEQUENCE s_read');
        const { signal } = new AbortController();
        const settings = { database, query: "SELECT 1 AS id, nextval('s_read') AS n", key: ['id'] };
        const reader = await openQuery(settings, { signal, secretOf: () => '' });
        await postgres?.disconnectAll();
        const page = reader.page({ rows: 0, last: undefined }, 10);
        await expect(page).rejects.toThrow('read-only transaction');
        await reader.close();
      });

      it('writes values as the database has them', async () => {
        const query = `SELECT 9007199254740993::bigint AS big, 0.10::numeric AS exact, true AS yes, NULL::bool AS none,
          '2026-11-21 09:30+02'::timestamptz AS at, '2026-11-21'::date AS day, '\\x00ff'::bytea AS bytes,
          '{"a": 1}'::json AS json, ARRAY['a', 'b c'] AS list, 'ü"' AS text`;
        const { rows } = await exportRows(exportQuery, { database, query, null_text: 'NULL' });
        expect(rows).toEqual([
          {
            big: '9007199254740993',
            exact: '0.10',
            yes: 'true',
            none: 'NULL',
            at: '2026-11-21 07:30:00+00',
            day: '2026-11-21',
            bytes: '\\x00ff',
            json: '{"a": 1}',
            list: '{a,"b c"}',
            text: 'ü"',
          },
        ]);
      });

      it.each([
        ['DELETE FROM numbers RETURNING id', {}, /syntax error/],
        ['SELECT 1 AS a; DELETE FROM numbers', {}, /syntax error|multiple commands/],
        [
          'SELECT 1 AS a) AS x; COMMIT; DELETE FROM numbers; --',
          {},
          /syntax error|multiple commands/,
        ],
        ["SELECT nextval('s')", {}, /does not exist|read-only/],
        ['SELECT 1 AS a, 2 AS a', {}, /the query gives "a" twice/],
        [
          'SELECT id FROM numbers',
          { key: 'nope' },
          /the query gives no column "nope"; it gives "id"/,
        ],
      ])('refuses %s', async (query, given, message) => {
        await expect(exportRows(exportQuery, { database, query, ...given })).rejects.toThrow(
          message,
        );
        expect(await asked(database, 'SELECT count(*)::int AS n FROM numbers')).toEqual([
          { n: 25 },
        ]);
      });
    });
  },
);
