import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '../../src/stores/sql/open-postgres.ts';
import { openSqlite } from '../../src/stores/sql/open-sqlite.ts';
import { begin, buildIfStale, MAIN, rowmill, type Begun } from '../cli/built-command-line.ts';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';

// What no id, no time and no word has.
const TEXT = 'zq"Xv/9 never-shown-QZ';
const PART = 'jw~Part+of ünder-JSON';
const PIN = 918_273_645;
const JSON_VALUE = JSON.stringify({ login: { token: PART, pin: PIN }, place: 'kq-place-QK' });

/** Does with its secrets whatever a careless author can do. */
const SCRIPT = `
import hashlib, json, base64, os, sys, urllib.parse, asyncio
import rowmill

class Tell(rowmill.Job):
    def on_event(self, event):
        how = event["how"]
        text, value = self.secrets["text"], self.secrets["shop"]
        part = value["login"]["token"]
        pin = value["login"]["pin"]
        if how == "print": print(text, part, pin, json.dumps(value), value)
        if how == "stderr": print(text, part, pin, file=sys.stderr)
        if how == "log": self.log.warn(f"it is {text} and {part}", deep=[value, text])
        if how == "return": return {"text": text, text: [part, pin], "whole": value}
        if how == "idle": return self.idle(f"nothing for {text} and {part}")
        if how == "throw": raise KeyError(f"no luck with {text} {part} {pin}")
        if how == "class": raise type(text.replace(" ", ""), (Exception,), {})(part)
        if how == "base64": return [base64.b64encode(each.encode()).decode() for each in (text, part)]
        if how == "url": return [urllib.parse.quote(each, safe="") for each in (text, part)]
        if how == "exit":
            print(text)
            os._exit(7)
        if how == "raw": os.write(4, (text + "\\n").encode())
        if how == "store": self.storage.set("kept", {"deep": part})
        if how == "key": self.storage.set(text, 1)
        if how == "swap": self.storage.compare_and_set("kept", text)
        if how == "files":
            with open("/tmp/left", "w") as file: file.write(text + part)
        if how == "ttl":
            self.storage.set("short", "lived", ttl=3600)
            self.storage.compare_and_set("short-too", "lived", ttl=3600)
        if how == "hold": self.aborted.wait(60)
        return {"text": hashlib.sha256(text.encode()).hexdigest(), "part": hashlib.sha256(part.encode()).hexdigest(), "pin": pin % 1000}
`;
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const RIGHT = { text: hash(TEXT), part: hash(PART), pin: PIN % 1000 };

const WAYS: readonly (readonly [how: string, resultCode: string])[] = [
  ['print', 'success'],
  ['stderr', 'success'],
  ['log', 'success'],
  ['return', 'success'],
  ['idle', 'idle'],
  ['throw', 'error'],
  ['class', 'error'],
  ['base64', 'success'],
  ['url', 'success'],
  ['exit', 'error'],
  ['raw', 'error'],
  ['store', 'error'],
  ['key', 'error'],
  ['swap', 'error'],
  ['files', 'success'],
  ['ttl', 'success'],
];

/** How it may be written anywhere. */
const FORMS = [TEXT, PART, 'kq-place-QK', String(PIN)].flatMap((text) => [
  text,
  JSON.stringify(text).slice(1, -1),
  text.replaceAll('"', '""'),
  encodeURIComponent(text),
  Buffer.from(text).toString('base64'),
  Buffer.from(text).toString('latin1'),
]);
const FOUND = new RegExp(
  [...new Set(FORMS)]
    .map((form) => form.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`))
    .join('|'),
);

const postgres = await startPostgres();
afterAll(() => postgres?.stop());
beforeAll(buildIfStale, 120_000);

const folders: string[] = [];
const alive = new Set<Begun>();
afterEach(async () => {
  for (const server of alive) {
    server.process.kill('SIGKILL');
    await server.ended;
  }
  alive.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const STORES = [['SQLite', undefined] as const, ['PostgreSQL', postgres] as const].filter(
  ([name, server]) => name === 'SQLite' || server !== undefined,
);
if (postgres === undefined) it.skip(NOT_RUN, () => undefined);

describe.each(STORES)('the secrets of a job, on %s', (_, cluster) => {
  it(
    'are used, in every way shown nowhere, and outlive the master key',
    { timeout: 300_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'rowmill-job-secrets-'));
      folders.push(folder);
      const url = cluster === undefined ? undefined : await makeDatabase(cluster);
      const place = ['--data', 'data'];
      const environment: Record<string, string> =
        url === undefined ? {} : { ROWMILL_DATABASE: url };
      const said: string[] = [];

      const setting = await rowmill(folder, ['secrets', 'set', 'PLAIN_TEXT', ...place], {
        stdin: TEXT,
        environment,
      });
      const json = ['secrets', 'set', 'SHOP_LOGIN', '--json-value', ...place];
      const asJson = await rowmill(folder, json, { stdin: JSON_VALUE, environment });
      said.push(setting.stdout, setting.stderr, asJson.stdout, asJson.stderr);
      expect([setting.exitCode, asJson.exitCode], said.join('\n')).toEqual([0, 0]);

      let server = await serve(folder, environment);
      const call = async (method: string, path: string, body?: unknown) => {
        const response = await fetch(`${server.url}${path}`, {
          method,
          headers: body === undefined ? {} : { 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        said.push(text, JSON.stringify([...response.headers]));
        return { status: response.status, text };
      };
      const told = async (method: string, path: string, body?: unknown) =>
        JSON.parse((await call(method, path, body)).text) as Readonly<Record<string, unknown>>;

      const job = String(
        (
          await told('POST', '/v1/jobs', {
            name: 'tell',
            script: {
              language: 'python',
              entry: 'main.py',
              files: [{ path: 'main.py', content: SCRIPT }],
            },
            secrets: { text: 'plain-text', shop: 'shop-login' },
            run_as: 'local',
          })
        )['id'],
      );
      const runs: string[] = [];
      for (const [how, code] of WAYS) {
        const run = await told('POST', `/v1/jobs/${job}/runs`, { event: { how }, wait: 60 });
        expect([how, run['result_code']], JSON.stringify(run)).toEqual([how, code]);
        const id = String(run['id']);
        runs.push(id);
        for (const path of ['', '/errors', '/log', '/rows', '/files/output.csv']) {
          await call('GET', `/v1/runs/${id}${path}`);
        }
      }
      expect(await told('GET', `/v1/jobs/${job}/runs/${runs[11]}`)).toMatchObject({
        message: expect.stringContaining('has a secret of the run in it'),
      });
      const stored = await told('GET', `/v1/jobs/${job}/storage`);
      expect(stored['data']).toMatchObject([
        { key: 'short', expires_at: expect.any(String) },
        { key: 'short-too', expires_at: expect.any(String) },
      ]);
      await call('GET', `/v1/jobs/${job}/runs`);
      await call('GET', `/v1/jobs/${job}`);
      await call('GET', '/v1/secrets');
      await call('GET', '/metrics');
      const audit = await told('GET', `/v1/audit?action=useSecret&run_id=${runs[0]}`);
      const uses = audit['data'] as readonly Readonly<Record<string, unknown>>[];
      expect(new Set(uses.map((line) => line['subject']))).toEqual(
        new Set(['PLAIN_TEXT', 'SHOP_LOGIN']),
      );
      expect(uses[0]).toMatchObject({ run_id: runs[0], run_as: 'local', auth_account_id: 'local' });

      // While one is at work its processes are looked at.
      const held = String(
        (await told('POST', `/v1/jobs/${job}/runs`, { event: { how: 'hold' } }))['id'],
      );
      const processes = await atWork(server.begun);
      expect(processes.count).toBeGreaterThan(1);
      expect(processes.text).not.toMatch(FOUND);
      await call('POST', `/v1/runs/${held}/stop`);
      await expect
        .poll(async () => (await told('GET', `/v1/runs/${held}`))['status'], { timeout: 30_000 })
        .toBe('stopped');

      server.begun.process.kill('SIGTERM');
      said.push(Object.values(await server.begun.ended).join('\n'));
      const rotated = await rowmill(folder, ['secrets', 'rotate', '--json', ...place], {
        environment,
      });
      said.push(rotated.stdout, rotated.stderr);
      expect(JSON.parse(rotated.stdout)).toMatchObject({ resealed: 2, unreadable: [] });
      server = await serve(folder, environment);
      const again = { event: { how: 'quietly' }, wait: 60 };
      expect((await told('POST', `/v1/jobs/${job}/runs`, again))['result']).toEqual(RIGHT);

      await call('DELETE', '/v1/secrets/SHOP_LOGIN');
      const missing = await told('POST', `/v1/jobs/${job}/runs`, again);
      expect(missing).toMatchObject({
        code: 'arguments_invalid',
        detail:
          'secrets of the job tell: shop is the secret SHOP_LOGIN, which the account local has not',
      });
      server.begun.process.kill('SIGTERM');
      said.push(Object.values(await server.begun.ended).join('\n'));

      const kept = await everyRow(folder, url);
      expect(kept).toContain('it is [secret] and [secret]');
      expect(kept).not.toMatch(FOUND);
      expect(everyFile(folder)).not.toMatch(FOUND);
      expect(said.join('\n')).not.toMatch(FOUND);
    },
  );
});

async function serve(folder: string, environment: Record<string, string>) {
  const begun = begin(process.execPath, [MAIN, 'serve', '--data', 'data', '--port', '0'], {
    folder,
    stdin: null,
    environment,
  });
  alive.add(begun);
  return { begun, url: await begun.finds(/listening on (\S+)/) };
}

/** Command lines and environments of a server and of all that it has begun, once a script is among them. */
async function atWork({ process: { pid = 0 } }: Begun) {
  let found = { count: 0, text: '' };
  await expect
    .poll(
      () => {
        found = processesOf(pid);
        return /\.py\0|python3/.test(found.text) && /script/.test(found.text);
      },
      { timeout: 30_000 },
    )
    .toBe(true);
  return found;
}

function processesOf(root: number): { readonly count: number; readonly text: string } {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = /\) \S (\d+) /.exec(read(`/proc/${name}/stat`))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isOurs = (id: number | undefined): boolean =>
    id !== undefined && (id === root || isOurs(parents.get(id)));
  const ids = [...parents.keys()].filter(isOurs);
  const text = ids
    .map((id) => read(`/proc/${id}/cmdline`) + read(`/proc/${id}/environ`))
    .join('\n');
  return { count: ids.length, text };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

/** Every byte below a folder. */
function everyFile(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    .map((bytes) => `${bytes.toString('utf8')}\n${bytes.toString('latin1')}`)
    .join('\n');
}

async function everyRow(folder: string, url: string | undefined): Promise<string> {
  const { db } =
    url === undefined ? openSqlite(join(folder, 'data', 'server.db')) : await openPostgres(url);
  try {
    const tables = await db.introspection.getTables();
    const rows = await Promise.all(
      tables.map(({ name }) => sql`SELECT * FROM ${sql.table(name)}`.execute(db)),
    );
    return JSON.stringify(rows);
  } finally {
    await db.destroy();
  }
}
