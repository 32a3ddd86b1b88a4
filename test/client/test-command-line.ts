import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { begin, MAIN, rowmill, type Begun, type Ended } from '../cli/built-command-line.ts';

/** Rows that fail where they say so, that wait, and that never cost anything. */
const MODULE = `import { defineTask, fail, ok, omit, write } from 'rowmill';
import { anything } from 'rowmill/verifiers';
const base = { category: 'demo', mandatory: { n: anything }, optional: { note: anything }, output: ['seen'] } as const;
export const quick = defineTask({ ...base, action: 'quick', description: 'Copy',
  aliases: { n: ['number'] },
  row: ({ n }) => (n === 'bad' ? fail('is bad') : write({ seen: 'seen ' + n })),
  examples: [{ title: 'a good one', row: { n: '1' }, outcome: write({ seen: 'seen 1' }) },
    { row: { n: 'bad' }, outcome: fail('is bad') }] });
export const picky = defineTask({ ...base, action: 'picky', description: 'Take numbers alone',
  mandatory: { n: (text: string) => /^\\d+$/.test(text) || 'is no number' },
  row({ n, note }, _state, run) { run.log.warn('took it', { n }); return note === 'none' ? omit() : write({ seen: n }); },
  revert: ({ n }) => (n === '4' ? fail('stays') : ok()) });
export const slow = defineTask({ ...base, action: 'slow', description: 'Wait a little for each row',
  async row({ n }) { await new Promise((done) => setTimeout(done, 20)); return write({ seen: n }); } });
export const broken = defineTask({ ...base, action: 'broken', description: 'Answer nonsense',
  row: () => 'nonsense' as never });
const told = { '~standard': { version: 1, vendor: 'demo', validate: (value: unknown) => {
  const { headers } = value as { headers?: unknown };
  return typeof headers === 'object' && headers !== null ? { value: { headers: headers as Record<string, string> } }
    : { issues: [{ message: 'expected an object', path: ['headers'] }] };
} } } as const;
export const told_ = defineTask({ ...base, action: 'told', description: 'Tell how long the headers are', arguments: told,
  row: (_row, _state, { arguments: { headers } }) => write({ seen: Object.values(headers).map(({ length }) => length).join(' ') }) });
export const wipe = defineTask({ ...base, action: 'wipe', description: 'Delete all', destructive: true,
  row: ({ n }) => write({ seen: n }) });
`;

/** A server process, and a folder for its clients. */
export interface ServedFolder {
  readonly folder: string;
  /** Of the server, which is another one after a restart. */
  readonly url: string;
  readonly server: Begun;
  /** Kills the server and starts another one on its data. Gives where it listens. */
  restart(): Promise<string>;
  /** Runs the command line against the server. */
  client(words: readonly string[], more?: { readonly stdin?: string }): Promise<Ended>;
  /** Begins it. */
  begin(words: readonly string[]): Begun;
  write(name: string, content: string): Promise<void>;
  read(name: string): Promise<string>;
  end(): Promise<void>;
}

/** Starts the built server on a free port, with its tasks. */
export async function serveFolder(
  environment: Readonly<Record<string, string>> = {},
): Promise<ServedFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'rowmill-client-'));
  await writeFile(join(folder, 'demo.ts'), MODULE);
  const words = [MAIN, 'serve', '--port', '0', '--tasks', 'demo.ts', '--data', 'data'];
  const start = async () => {
    const server = begin(process.execPath, words, { folder, stdin: null, environment });
    return { server, url: await server.finds(/listening on (\S+)/) };
  };
  const kill = async ({ server }: { readonly server: Begun }): Promise<void> => {
    server.process.kill('SIGKILL');
    await server.ended;
  };
  let current = await start();
  const ofClient = () => ({ ROWMILL_SERVER: current.url });
  return {
    folder,
    get url() {
      return current.url;
    },
    get server() {
      return current.server;
    },
    async restart() {
      await kill(current);
      current = await start();
      return current.url;
    },
    client: (clientWords, more = {}) =>
      rowmill(folder, clientWords, { ...more, environment: ofClient() }),
    begin: (clientWords) =>
      begin(process.execPath, [MAIN, ...clientWords], { folder, environment: ofClient() }),
    write: (name, content) => writeFile(join(folder, name), content),
    read: (name) => readFile(join(folder, name), 'utf8'),
    async end() {
      await kill(current);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
