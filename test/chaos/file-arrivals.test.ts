import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { ChaosFolder, pause, prepareBuild, randomOf, until, type Begun } from './chaos-folder.ts';
import { tidyUp } from './tidy-up.ts';

/** Kills while files arrive: 5 in CI, more in the long form. */
const KILLS = Number(process.env['CHAOS_ARRIVAL_KILLS'] ?? '5');
const SEED = Number(process.env['CHAOS_SEED'] ?? '7');
const FILES = 30;

const postgres = await startPostgres();
afterAll(() => postgres?.stop());
beforeAll(prepareBuild, 120_000);

const { folders, alive } = tidyUp();
const contentOf = (number: number): string => `id,name\n1,file ${number}\n`;
const nameOf = (number: number): string => `f${String(number).padStart(3, '0')}.csv`;

interface Serving {
  readonly begun: Begun;
  readonly url: string;
}

describe('files that arrive while servers are killed', () => {
  it('are each done once, by one server that is started again', { timeout: 300_000 }, async () => {
    const folder = await madeFolder();
    await throughKills(folder, [await serve(folder, 'a', [])]);
  });

  it.skipIf(postgres === undefined)(
    'are each done once, by two servers that watch one folder',
    { timeout: 300_000 },
    async () => {
      if (postgres === undefined) throw new Error(NOT_RUN);
      const words = ['--database', await makeDatabase(postgres)];
      const folder = await madeFolder();
      const [a, b] = [await serve(folder, 'a', words), await serve(folder, 'b', words)];
      await throughKills(folder, [a, b], words);
    },
  );
});

async function madeFolder(): Promise<ChaosFolder> {
  const folder = await ChaosFolder.make();
  folders.push(folder);
  await mkdir(folder.at('in'));
  return folder;
}

/** Lets files arrive, kills one server after the other meanwhile, and looks at what has become of all. */
async function throughKills(
  folder: ChaosFolder,
  servers: Serving[],
  words: readonly string[] = [],
): Promise<void> {
  const random = randomOf(SEED);
  await addSchedule(folder, servers[0]?.url ?? '');
  const arriving = (async () => {
    for (let number = 0; number < FILES; number += 1) {
      const path = folder.at(join('in', nameOf(number)));
      await writeFile(`${path}.part`, contentOf(number));
      await rename(`${path}.part`, path);
      await pause(random() * 200);
    }
  })();
  for (let kill = 0; kill < KILLS; kill += 1) {
    await pause(random() * 1_500);
    const index = kill % servers.length;
    const { begun } = servers[index] ?? {};
    begun?.child.kill('SIGKILL');
    expect((await begun?.ended)?.signal).toBe('SIGKILL');
    if (begun !== undefined) alive.delete(begun);
    servers[index] = await serve(folder, 'ab'[index] ?? '', words);
  }
  await arriving;
  const filesIn = async (below: string): Promise<string[]> =>
    (await readdir(folder.at(join('in', below))).catch((): string[] => [])).sort();
  await until(
    'all files are put away',
    async () => {
      await pause(100);
      return (await filesIn('done')).length + (await filesIn('failed')).length >= FILES;
    },
    120_000,
  );
  const url = servers[0]?.url ?? '';
  const names = Array.from({ length: FILES }, (_, number) => nameOf(number));
  expect([await filesIn('done'), await filesIn('failed')]).toEqual([names, []]);
  for (let number = 0; number < FILES; number += 1) {
    const content = await readFile(folder.at(join('in', 'done', nameOf(number))), 'utf8');
    expect(content).toBe(contentOf(number));
  }
  expect((await filesIn('')).filter((name) => name.endsWith('.csv'))).toEqual([]);
  const response = await fetch(`${url}/v1/runs?limit=200`);
  const { data } = (await response.json()) as {
    readonly data: readonly { readonly file_name: string; readonly status: string }[];
  };
  expect(data.map(({ file_name: name, status }) => `${name} ${status}`).sort()).toEqual(
    names.map((name) => `${name} success`),
  );
  for (const { begun } of servers) {
    begun.child.kill('SIGTERM');
    const { exitCode, stderr } = await begun.ended;
    expect(exitCode, stderr).toBe(0);
    alive.delete(begun);
  }
}

async function addSchedule(folder: ChaosFolder, url: string): Promise<void> {
  const trigger = {
    kind: 'file',
    folder: folder.at('in'),
    glob: '*.csv',
    stable_seconds: 0,
    poll_seconds: 1,
  };
  const response = await fetch(`${url}/v1/schedules`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'in', task: 'chaos/plain', trigger, overlap: 'allow' }),
  });
  expect(response.status, await response.text()).toBe(201);
}

async function serve(
  folder: ChaosFolder,
  name: string,
  words: readonly string[],
): Promise<Serving> {
  const shared = words.length === 0 ? [] : ['--files-dir', folder.at('files')];
  const begun = folder.begin(
    ['serve', '--port', '0', '--data', folder.at(name), ...shared, ...words],
    { environment: { ROWMILL_FILE_ROOTS: folder.at('in') } },
  );
  alive.add(begun);
  let url: string | undefined;
  await until('the server listens', () => {
    url = /listening on (http\S+)/.exec(begun.stderr())?.[1];
    if (begun.isOver()) throw new Error(`it did not start: ${begun.stderr()}`);
    return url !== undefined;
  });
  return { begun, url: url ?? '' };
}
