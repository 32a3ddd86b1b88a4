import { Buffer } from 'node:buffer';
import { cellFormat } from '../../csv/write/format-cell.ts';
import { unguardFormula } from '../../csv/write/formula-guard.ts';
import { RowmillError } from '../../errors.ts';
import type { InputFile, RunFiles } from '../../ports/run-files.ts';
import { readFailedRanges } from '../output/errors-file.ts';
import type { OutputRecord } from '../output/output-record.ts';
import { Peek } from '../rows/peek.ts';
import { keptHeader, tableOf } from './prepare-retry.ts';
import { PagedFile, PreparedInput, type PreparedRows } from './prepared-input.ts';
import { readRows } from '../rows/read-rows.ts';
import { recordsOf } from '../rows/records-of.ts';
import { openStored } from '../carry/resume-run.ts';
import { writtenColumn } from './revert-task.ts';
import { RowOrigins, type RowOrigin } from '../after/row-origins.ts';
import type { RunFamily } from '../after/run-family.ts';
import { ERRORS_FILE } from '../run-paths.ts';
import type { StoredRun } from '../run-record.ts';
import type { RunRow } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/** Where a record of the forward file lies, and which row it is: four doubles. */
const PLACE_BYTES = 32;
/** Places, and records, are read backwards in windows of so many bytes. */
const WINDOW_BYTES = 1024 * 1024;

/**
 * Writes the rows of a run that succeeded and were not undone yet into the folder of a new run, the last
 * one first, each with what was written for it. Memory does not grow with the run: they are written
 * forward into a temporary folder and read backwards from there.
 */
export async function prepareRevert(
  family: RunFamily,
  folder: string,
  ports: ServicePorts,
): Promise<PreparedRows> {
  const { files } = ports;
  const like = tableOf(family.run.record);
  const kept = keptHeader(family.run.record);
  const header = [...kept, writtenColumn(kept)];
  const prepared = await PreparedInput.create(folder, { like, header }, files);
  const temporary = await files.makeTemporaryFolder();
  try {
    const forward = { records: `${temporary.path}/records`, places: `${temporary.path}/places` };
    await writeForward(family.run, forward, ports);
    const undone = new UndoneRows(family.reverts, files);
    for await (const { text, origin } of backwards(forward, files)) {
      if (!(await undone.has(origin.row))) await prepared.add(text, origin);
    }
    await undone.close();
    if (prepared.count === 0) {
      const { runId } = family.run.record;
      throw new RowmillError(
        'usage',
        `run ${runId} has no row to undo: none succeeded, or all are undone`,
      );
    }
    return await prepared.finish(ports);
  } finally {
    await temporary.remove();
    await prepared.close();
  }
}

interface ForwardFiles {
  readonly records: string;
  readonly places: string;
}

async function writeForward(
  run: StoredRun,
  forward: ForwardFiles,
  ports: ServicePorts,
): Promise<void> {
  const { files } = ports;
  const { record } = run;
  const format = cellFormat(tableOf(record).dialect);
  const width = keptHeader(record).length;
  const records = new PagedFile(await files.openOutput(forward.records, 0));
  const places = new PagedFile(await files.openOutput(forward.places, 0));
  let at = 0;
  try {
    for await (const { input, origin, written } of succeededRows(run, ports)) {
      const cells = Array.from({ length: width }, (_, position) => input.cell(position));
      const text = format.record([...cells, JSON.stringify(written)]);
      const place = Buffer.alloc(PLACE_BYTES);
      [at, at + text.length, origin.row, origin.line].forEach((value, index) =>
        place.writeDoubleLE(value, index * 8),
      );
      await records.add(text);
      await places.add(place.toString('latin1'));
      at += text.length;
    }
    await records.finish();
    await places.finish();
  } finally {
    await records.close();
    await places.close();
  }
}

/** What earlier runs have undone of a run, each from its last row to its first: asked for in that order. */
class UndoneRows {
  readonly #streams: readonly Peek<number>[];

  constructor(reverts: readonly StoredRun[], files: RunFiles) {
    this.#streams = reverts.map((revert) => new Peek(undoneRows(revert, files)));
  }

  async has(row: number): Promise<boolean> {
    let isUndone = false;
    for (const stream of this.#streams) {
      let next = await stream.peek();
      for (; next !== undefined && next > row; next = await stream.peek()) stream.take();
      isUndone ||= next === row;
    }
    return isUndone;
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) await stream.close();
  }
}

async function* undoneRows(revert: StoredRun, files: RunFiles): AsyncGenerator<number> {
  const failed = new Peek(readFailedRanges(files, `${revert.folder}/${ERRORS_FILE}`));
  const origins = await RowOrigins.open(revert, files);
  const end = revert.state.position?.number ?? 1;
  try {
    for (let number = 1; number < end; number += 1) {
      const isFailed = (await failed.peek())?.error.row === number;
      if (isFailed) failed.take();
      else if (origins !== undefined) yield (await origins.at(number)).row;
    }
  } finally {
    await failed.close();
    await origins?.close();
  }
}

interface SucceededRow {
  readonly input: OutputRecord;
  readonly origin: RowOrigin;
  readonly written: readonly Readonly<Record<string, string>>[];
}

/** The rows of a run that succeeded, each with what was written for it. */
async function* succeededRows(run: StoredRun, ports: ServicePorts): AsyncGenerator<SucceededRow> {
  const { record } = run;
  const input = await openStored(record, ports);
  const origins = await RowOrigins.open(run, ports.files);
  const rows = new Peek(readRows(run, {}, ports));
  const end = run.state.position?.number ?? 1;
  const undo = record.excelSafe ? unguardFormula : (cell: string) => cell;
  try {
    for await (const next of recordsOf(input, tableOf(record), record)) {
      if (next.number >= end) return;
      if (next.number < record.fromRow) continue;
      const origin = (await origins?.at(next.number)) ?? { row: next.number, line: next.line };
      const found: RunRow[] = [];
      for (let row = await rows.peek(); row?.number === origin.row; row = await rows.peek()) {
        found.push(row);
        rows.take();
      }
      if (found.some(({ outcome }) => outcome === 'failed')) continue;
      const written = found
        .filter(({ outcome }) => outcome === 'ok')
        .map(({ cells }) =>
          Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, undo(cell)])),
        );
      yield { input: next, origin, written };
    }
  } finally {
    await rows.close();
    await origins?.close();
    await input.close();
  }
}

/** The records of the forward file from the last to the first. */
async function* backwards(
  forward: ForwardFiles,
  files: RunFiles,
): AsyncGenerator<{ readonly text: string; readonly origin: RowOrigin }> {
  if (!(await files.hasContent(forward.places))) return;
  const places = new BackwardWindow(await files.openInput(forward.places));
  const records = new BackwardWindow(await files.openInput(forward.records));
  try {
    for (let end = places.size; end > 0; end -= PLACE_BYTES) {
      const place = await places.slice(end - PLACE_BYTES, end);
      const text = await records.slice(place.readDoubleLE(0), place.readDoubleLE(8));
      const origin = { row: place.readDoubleLE(16), line: place.readDoubleLE(24) };
      yield { text: text.toString('latin1'), origin };
    }
  } finally {
    await places.close();
    await records.close();
  }
}

/** Slices of a file, each before the one before. */
class BackwardWindow {
  readonly #file: InputFile;
  #bytes = Buffer.alloc(0);
  #start: number;

  constructor(file: InputFile) {
    this.#file = file;
    this.#start = this.size;
  }

  get size(): number {
    return this.#file.size ?? 0;
  }

  async slice(start: number, end: number): Promise<Buffer> {
    if (start < this.#start) {
      this.#start = Math.max(0, Math.min(start, end - WINDOW_BYTES));
      const bytes = Buffer.alloc(end - this.#start);
      let length = 0;
      while (length < bytes.length) {
        const read = await this.#file.read(this.#start + length, bytes.subarray(length));
        if (read === 0) break;
        length += read;
      }
      this.#bytes = bytes.subarray(0, length);
    }
    return this.#bytes.subarray(start - this.#start, end - this.#start);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
