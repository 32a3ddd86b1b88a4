import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineTask, fail, write } from 'rowmill';
import { anything } from 'rowmill/verifiers';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { machinePorts } from '../../src/machine.ts';
import { LocalRunService } from '../../src/engine/service.ts';
import { ERRORS_FILE, OUTPUT_FILE } from '../../src/engine/run/run-paths.ts';
import type { RunHandles } from '../../src/engine/run/run-service.ts';
import { LocalRunFiles } from '../../src/files/local/local-run-files.ts';
import { openWorld } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';

/** Says another word each time: what a server that has lost the run writes can be told from the rest. */
const said = { by: '' };
const task = defineTask({
  category: 'taken',
  action: 'odd',
  description: 'Rows of which the odd fail',
  mandatory: { id: anything },
  output: ['by'],
  row: ({ id }) => (Number(id) % 2 === 1 ? fail(`no, says ${said.by}`) : write({ by: said.by })),
});

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const STORES = [['SQLite', undefined] as const, ['PostgreSQL', postgres] as const].filter(
  ([name, server]) => name === 'SQLite' || server !== undefined,
);

if (postgres === undefined) it.skip(NOT_RUN, () => undefined);

describe.each(STORES)('a run in %s that another server has ended', (_, server) => {
  it.each([OUTPUT_FILE, ERRORS_FILE])(
    'keeps its files from the server that stalled before it opened %s',
    async (name) => {
      const world = await openWorld(server);
      closing.push(() => world.close());
      const input = join(world.folder, 'in.csv');
      await writeFile(input, `id\n${Array.from({ length: 100 }, (__, row) => row).join('\n')}\n`);
      const stalled = new StallingFiles(name);
      const a = new LocalRunService({ ...ports(), files: stalled, store: world.store('a') });
      const b = new LocalRunService({ ...ports(), store: world.store('b') });
      said.by = 'the one that stalls';
      const late = a.run(
        {
          runId: 'run_a',
          task,
          codeHash: 'code',
          arguments: {},
          input: { kind: 'file', path: input },
          output: { kind: 'run_folder' },
          options: {},
          resume: false,
          acceptNewCode: false,
          onInvalid: 'reject',
          excelSafe: false,
        },
        handles(),
      );
      await stalled.reached;

      await world.expireClaims();
      said.by = 'the other';
      const code = { task, codeHash: 'code', acceptNewCode: false };
      const ended = await b.resume('run_a', code, handles());
      expect(ended).toMatchObject({ status: 'partial', succeeded: 50, failed: 50 });
      const files = [OUTPUT_FILE, ERRORS_FILE].map((file) => join(world.folder, 'run_a', file));
      const before = await Promise.all(files.map((file) => readFile(file, 'utf8')));
      expect(before[0]).toContain('98,the other');
      expect(before[1]).toContain('no, says the other');

      said.by = 'the one that stalls';
      stalled.goOn();
      expect(await late).toMatchObject({
        status: 'internal_error',
        message: expect.stringContaining('run run_a was taken over by another server') as string,
      });
      expect(await Promise.all(files.map((file) => readFile(file, 'utf8')))).toEqual(before);
      const { state } = await world.store('b').get('run_a');
      expect(state).toMatchObject({ status: 'partial', succeeded: 50, failed: 50 });
    },
  );
});

function ports() {
  return machinePorts('.', {});
}

function handles(): RunHandles {
  return {
    listeners: {},
    stopSignal: new AbortController().signal,
    abortSignal: new AbortController().signal,
  };
}

interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Files of a server that stalls in the moment before it opens one to write it. */
class StallingFiles extends LocalRunFiles {
  readonly #name: string;
  readonly #stall = gate();
  readonly #reached = gate();

  constructor(name: string) {
    super(process);
    this.#name = name;
  }

  get reached(): Promise<void> {
    return this.#reached.opened;
  }

  goOn(): void {
    this.#stall.open();
  }

  override async openOutput(...words: Parameters<LocalRunFiles['openOutput']>) {
    if (words[0].endsWith(this.#name)) {
      this.#reached.open();
      await this.#stall.opened;
    }
    return super.openOutput(...words);
  }
}
