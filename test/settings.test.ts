import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings, type LoadedSettings } from '../src/settings.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-settings-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function load({
  flags = {},
  environment = {},
  workingDirectory = folder,
}: Partial<
  Pick<Parameters<typeof loadSettings>[0], 'flags' | 'environment' | 'workingDirectory'>
>): Promise<LoadedSettings> {
  const loadModule = async (file: string): Promise<unknown> =>
    JSON.parse(await readFile(file, 'utf8'));
  return loadSettings({ flags, environment, workingDirectory, loadModule });
}

const config = (content: unknown, name = 'rowmill.config.json'): Promise<void> =>
  writeFile(join(folder, name), JSON.stringify(content));

describe('loadSettings', () => {
  it('has defaults where nothing is said', async () => {
    const { settings, configFile } = await load({});
    expect(settings).toEqual({
      dataDir: join(folder, '.rowmill'),
      tasks: [],
      progress: 'auto',
      color: 'auto',
      preset: 'none',
      waitMs: undefined,
      maxRowsPerSecond: undefined,
      maxFailures: undefined,
      threads: 1,
      excelSafe: false,
      host: '127.0.0.1',
      port: 7070,
      database: undefined,
      filesDir: undefined,
      slots: 4,
      maxUploadBytes: 16 * 1024 ** 3,
      logLevel: 'info',
      publicUrl: undefined,
      handlerCommands: {},
      handlers: [],
      containerEngine: undefined,
      allowAddresses: [],
      fileRoots: [],
      corsOrigins: [],
      keepRunsDays: undefined,
      keepDeletedDays: 30,
      keepRunsBytes: undefined,
      keepUntilAcknowledged: false,
      requestsPerMinute: 6000,
      draftDays: 7,
      maxConnections: 2000,
      smtpUrl: undefined,
      mailFrom: undefined,
      systemJobs: {},
      server: undefined,
      profile: undefined,
    });
    expect(configFile).toBeUndefined();
  });

  it('takes flags before variables before the config file before defaults, and says which', async () => {
    await config({ dataDir: 'from-config', progress: 'plain', waitMs: 5 });
    const { settings, explained } = await load({
      flags: { dataDir: 'from-flag' },
      environment: { ROWMILL_DATA_DIR: 'from-env', ROWMILL_PROGRESS: 'json' },
    });
    expect(settings).toMatchObject({
      dataDir: join(folder, 'from-flag'),
      progress: 'json',
      waitMs: 5,
    });
    const sources = Object.fromEntries(explained.map(({ name, source }) => [name, source]));
    expect(sources).toMatchObject({
      dataDir: '--data',
      progress: 'ROWMILL_PROGRESS',
      waitMs: join(folder, 'rowmill.config.json'),
      color: 'default',
    });
  });

  it('finds the config file in a folder above, and reads its paths as lying beside it', async () => {
    await config({ dataDir: 'runs', tasks: ['tasks/*.ts'] });
    const below = join(folder, 'a', 'b');
    await mkdir(below, { recursive: true });
    const { settings, configFile } = await load({ workingDirectory: below });
    expect(configFile).toBe(join(folder, 'rowmill.config.json'));
    expect(settings).toMatchObject({
      dataDir: join(folder, 'runs'),
      tasks: [join(folder, 'tasks/*.ts')],
    });
  });

  it('reads what a variable can say: lists, numbers, percentages, yes and no', async () => {
    const { settings } = await load({
      environment: {
        ROWMILL_TASKS: 'a.ts:/b/c.ts',
        ROWMILL_WAIT_MS: '20',
        ROWMILL_MAX_FAILURES: '5%',
        ROWMILL_EXCEL_SAFE: '1',
        ROWMILL_COLOR: '',
      },
    });
    expect(settings).toMatchObject({
      tasks: [join(folder, 'a.ts'), '/b/c.ts'],
      waitMs: 20,
      maxFailures: '5%',
      excelSafe: true,
      color: 'auto',
    });
  });

  it('reads sizes, and shows no password of an address', async () => {
    const sizes = ['1000', '500MB', '1.5 GiB'].map((ROWMILL_MAX_UPLOAD_BYTES) =>
      load({ environment: { ROWMILL_MAX_UPLOAD_BYTES } }),
    );
    const bytes = (await Promise.all(sizes)).map(({ settings }) => settings.maxUploadBytes);
    expect(bytes).toEqual([1000, 500_000_000, 1_610_612_736]);
    const database = 'postgres://me:pass@word@localhost/x';
    const { settings, explained } = await load({ environment: { ROWMILL_DATABASE: database } });
    expect(settings.database).toBe(database);
    expect(explained.find(({ name }) => name === 'database')?.value).not.toContain('word');
    const wrong = load({ environment: { ROWMILL_DATABASE: 'mysql://me:pass@localhost/x' } });
    await expect(wrong).rejects.toThrow('mysql://me:***@localhost/x" is not an address');
  });

  it('names every wrong value at once, and where it was written', async () => {
    await config({ progress: 'fancy', colour: 'never' });
    await expect(
      load({ environment: { ROWMILL_WAIT_MS: '-1', ROWMILL_MAX_FAILURES: '101%' } }),
    ).rejects.toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringMatching(
          /"colour" \(.*\) is no setting\. Did you mean color\?.*progress \(.*rowmill\.config\.json\): "fancy" is not one of.*waitMs \(ROWMILL_WAIT_MS\): "-1".*maxFailures \(ROWMILL_MAX_FAILURES\): "101%"/s,
        ),
      }),
    );
  });

  it('refuses a config file that is no object or does not load, naming it', async () => {
    await config([]);
    await expect(load({})).rejects.toThrow('must give an object of settings');
    await writeFile(join(folder, 'rowmill.config.json'), '{');
    await expect(load({})).rejects.toThrow(/rowmill\.config\.json does not load/);
  });

  it('warns of a ROWMILL_ variable that means nothing, but not of secrets', async () => {
    const { warnings } = await load({
      environment: { ROWMILL_DATADIR: 'x', ROWMILL_SECRET_KEY: 'x', ROWMILL_DEBUG: '1' },
    });
    expect(warnings).toEqual([
      'the variable ROWMILL_DATADIR means nothing here. Did you mean ROWMILL_DATA_DIR?',
    ]);
  });
});
