// What a row costs, stage by stage: each loop does what the one before it does and one thing more, so
// the differences are the stages. In this process.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DATA_FOLDER, dataFile } from '../data.mjs';
import { median } from '../lib/measure.mjs';
import { clear, RUNS_FOLDER } from '../lib/rowmill.mjs';
import { count, markdown } from '../lib/table.mjs';

const OUTPUT = join(DATA_FOLDER, 'out.csv');
const BLOCK_BYTES = 122_880;

export async function stages({ quick, rounds = quick ? 3 : 5 }) {
  const rows = quick ? 100_000 : 1_000_000;
  const input = await dataFile(rows);
  const bench = await openBench(input);
  const loops = {
    'read: bytes into a buffer': bench.read,
    'frame: records and cells by offset': bench.frame,
    'decode: texts of the three cells': bench.decode,
    'verify: patterns, row object': bench.verify,
    'call: the task, its outcome read': bench.call,
    'encode: rows of output, errors, counts': bench.encode,
    'write: pages to the disk': bench.write,
    'commit: gate, beat, checkpoints, opening': bench.run,
  };
  const costs = new Map(Object.keys(loops).map((name) => [name, { cpu: [], wall: [] }]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, loop] of Object.entries(loops)) {
      const cpuBefore = process.cpuUsage();
      const startedAt = performance.now();
      await loop();
      const { user, system } = process.cpuUsage(cpuBefore);
      costs.get(name).wall.push(((performance.now() - startedAt) * 1e6) / rows);
      costs.get(name).cpu.push(((user + system) * 1e3) / rows);
    }
  }
  let before = { cpu: 0, wall: 0 };
  const lines = [...costs].map(([name, { cpu, wall }]) => {
    const now = { cpu: median(cpu), wall: median(wall) };
    const cells = [name, now.wall - before.wall, now.wall, now.cpu - before.cpu, now.cpu];
    before = now;
    return cells.map((cell) => (typeof cell === 'string' ? cell : String(Math.round(cell))));
  });
  await bench.close();
  clear(OUTPUT);
  return `## What a row costs, stage by stage

${count(rows)} rows, ns a row, medians. CPU counts all threads: garbage collection and the disk's helpers too. A stage is the difference of two loops, so a few ns are noise.

${markdown(['stage', 'wall', 'so far', 'CPU', 'so far'], lines)}

\`node bench/run.mjs stages\``;
}

/** The modules of the engine one by one: what is published has them together in a few files. */
function moduleLoader() {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const folder = join(DATA_FOLDER, 'modules');
  execFileSync(
    process.execPath,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      '--project',
      join(root, 'tsconfig.build.json'),
      '--outDir',
      folder,
      '--emitDeclarationOnly',
      'false',
    ],
    { stdio: 'inherit' },
  );
  return (file) => import(pathToFileURL(join(folder, file)).href);
}

async function openBench(path) {
  const from = moduleLoader();
  const [
    app,
    reader,
    run,
    shapes,
    pages,
    plans,
    formats,
    settlers,
    callers,
    contexts,
    commits,
    cursors,
    outcomes,
    local,
    outputs,
    clocks,
    loaders,
  ] = await Promise.all([
    from('app.js'),
    from('engine/csv/read/reader.js'),
    from('engine/run/begin/open-input.js'),
    from('engine/run/rows/row-shape.js'),
    from('engine/run/output/output-page.js'),
    from('engine/run/begin/output-plan.js'),
    from('engine/csv/write/format-cell.js'),
    from('engine/run/rows/row-settler.js'),
    from('engine/run/rows/call-task.js'),
    from('engine/run/rows/row-context.js'),
    from('engine/run/carry/committer.js'),
    from('engine/run/output/output-record.js'),
    from('engine/task/outcome.js'),
    from('files/local/local-input.js'),
    from('files/local/local-output.js'),
    from('system/system-clock.js'),
    from('task-modules/module-loader.js'),
  ]);
  const loadModule = loaders.createModuleLoader({
    packageModules: async () => ({
      rowmill: await from('index.js'),
      'rowmill/verifiers': await from('verifiers.js'),
    }),
    environment: process.env,
  });
  const { verify: task } = await loadModule(
    fileURLToPath(new URL('../tasks/verify.mjs', import.meta.url)),
  );
  const input = await local.LocalInput.open(path);
  const table = await run.openTaskTable(input, task, {});
  const access = reader.cellDecoder(table);
  const columns = task.columns.map((spec) => ({
    spec,
    source: { position: table.header.indexOf(spec.name) },
  }));
  const positions = columns.map(({ source }) => source.position);
  const abort = new AbortController();
  const facts = { runId: 'run_bench', arguments: {}, header: table.header, signal: abort.signal };
  const call = {
    retry: undefined,
    clock: clocks.systemClock,
    stopSignal: abort.signal,
    log: { error() {}, warn() {}, info() {} },
    taskName: task.name,
    allowedOutcomes: outcomes.ALLOWED_CSV_OUTCOMES,
  };

  async function blocks(each) {
    const cursor = new cursors.RecordCursor(access);
    const blockReader = reader.readBlocks(input, table);
    for (;;) {
      const block = await blockReader.next();
      if (block === undefined) return;
      cursor.enter(block);
      await each(cursor, block);
    }
  }

  function rowsOf(isCalled, settler) {
    const shape = new shapes.RowShape(columns, () => undefined);
    const caller = new callers.TaskCaller(task.row, call);
    return (cursor, { count }) => {
      for (; cursor.index < count; cursor.index += 1) {
        const row = shape.row(cursor);
        if (row === undefined) {
          settler?.fail(cursor, shape.failures);
        } else if (isCalled) {
          const context = new contexts.RowContext(facts, 'run_bench', cursor.number);
          const outcome = caller.invoke(row, undefined, context);
          settler?.settle(cursor, outcome);
        }
      }
    };
  }

  function newSettler() {
    const page = new pages.OutputPage({
      plan: plans.planOutput([], { header: table.header, matches: [] }),
      format: formats.cellFormat(table.dialect),
      isExcelSafe: false,
      rewritesCells: false,
    });
    const none = { succeeded: 0, failed: 0, causes: [], outputBytes: 0, errorsBytes: 0 };
    return new settlers.RowSettler(page, none, undefined);
  }

  return {
    close: () => input.close(),
    read: async () => {
      const buffer = Buffer.alloc(BLOCK_BYTES);
      for (let offset = 0; ;) {
        const bytes = await input.read(offset, buffer);
        if (bytes === 0) return;
        offset += bytes;
      }
    },
    frame: () => blocks(() => undefined),
    decode: () =>
      blocks((cursor, { count }) => {
        for (; cursor.index < count; cursor.index += 1) {
          for (const position of positions) cursor.cell(position);
        }
      }),
    verify: () => blocks(rowsOf(false)),
    call: () => blocks(rowsOf(true)),
    encode: async () => {
      const settler = newSettler();
      const each = rowsOf(true, settler);
      let bytes = 0;
      await blocks((cursor, block) => {
        each(cursor, block);
        bytes += settler.page.take().length + settler.errors.take().length;
      });
      if (bytes === 0) throw new Error('nothing was written');
    },
    write: async () => {
      clear(OUTPUT);
      const settler = newSettler();
      const output = await outputs.LocalOutput.open(OUTPUT, 0);
      const committer = new commits.Committer({
        output,
        errors: undefined,
        checkpoints: undefined,
      });
      const each = rowsOf(true, settler);
      await blocks(async (cursor, block) => {
        each(cursor, block);
        committer.write(settler.page.take(), settler.errors.take());
        if (committer.isFull) await committer.drain();
      });
      await committer.drain();
      await output.close();
    },
    run: async () => {
      clear(OUTPUT);
      const { service } = await app.createLocalApp({ settings: { dataDir: RUNS_FOLDER } });
      const stop = new AbortController();
      const result = await service.run(
        {
          task,
          codeHash: 'bench',
          arguments: {},
          input: { kind: 'file', path },
          output: { kind: 'file', path: OUTPUT },
          options: {},
          resume: false,
          acceptNewCode: false,
          onInvalid: 'reject',
          excelSafe: false,
        },
        { stopSignal: stop.signal, abortSignal: stop.signal, listeners: {} },
      );
      if (result.status !== 'partial') throw new Error(`the run ended ${result.status}`);
    },
  };
}
