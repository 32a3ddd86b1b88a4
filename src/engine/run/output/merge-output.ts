import { Buffer } from 'node:buffer';
import { RowmillError } from '../../errors.ts';
import type { InputFile, RunFiles, WritableFile } from '../../ports/run-files.ts';
import { readFailedRanges, readSpreads, type FailedRange } from './errors-file.ts';
import { refuseChangedOutput } from '../begin/output-identity.ts';
import { OutputRows } from './output-rows.ts';
import { Peek } from '../rows/peek.ts';
import { readHistories, type RowResult } from '../after/row-histories.ts';
import { familyOf, type RunFamily } from '../after/run-family.ts';
import { ERRORS_FILE, outputPathOf } from '../run-paths.ts';
import type { StoredRun } from '../run-record.ts';
import type { ServicePorts } from '../service-ports.ts';

const CHUNK_BYTES = 1024 * 1024;

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Writes the output of a run with each row that was run again in its place, in the order of the input:
 * what its last run made of it, be that no row, one or several. Streamed, by byte ranges.
 */
export async function mergeOutput(runId: string, to: string, ports: ServicePorts): Promise<void> {
  const family = await familyOf(runId, ports);
  const { root } = family;
  if (family.run.record.parent !== undefined) {
    const { runId: rootId } = root.record;
    throw new RowmillError(
      'usage',
      `run ${runId} did rows of run ${rootId}, whose merged output has them all`,
      { commands: `: rowmill runs save ${rootId} --merged FILE` },
    );
  }
  await refuseTakenFile(family, to, ports);
  await ports.files.refuseUnwritable(to);
  const members = membersWithRows(family);
  for (const member of members) await refuseChanged(member, ports);
  await writeMerged(family, to, ports);
}

/** The same of a family as it was read, without a look at whether its files are still what was written. */
export async function writeMerged(
  family: RunFamily,
  to: string,
  ports: ServicePorts,
): Promise<void> {
  const { root } = family;
  const members = membersWithRows(family);
  const outputs = new Map<string, WrittenOutput>();
  const file = await ports.files.openOutput(to, 0);
  try {
    for (const member of members) {
      outputs.set(member.record.runId, await WrittenOutput.open(member, ports.files));
    }
    await merge({ root, members }, { outputs, file }, ports);
    await file.sync();
  } finally {
    await file.close();
    for (const output of outputs.values()) await output.close();
  }
}

/** One that was ended before its first row has nothing to say. */
function membersWithRows({ root, members }: RunFamily): RunFamily['members'] {
  return members.filter((run) => run === root || run.state.outputBytes > 0);
}

async function merge(
  { root, members }: Pick<RunFamily, 'root' | 'members'>,
  { outputs, file }: { readonly outputs: Map<string, WrittenOutput>; readonly file: WritableFile },
  { files }: ServicePorts,
): Promise<void> {
  const outputOf = ({ record }: StoredRun): WrittenOutput => {
    const output = outputs.get(record.runId);
    if (output === undefined) throw new TypeError(`run ${record.runId} is not open`);
    return output;
  };
  const first = outputOf(root);
  const copy = new RangeCopy(file);
  let done = 0;
  let isBehind = false;
  for await (const { results } of readHistories(members, files)) {
    const latest = results.at(-1) as RowResult; // a history has one at least
    if (latest.run.record.runId === root.record.runId) continue;
    const replaced = results.find(({ run }) => run.record.runId === root.record.runId)?.failed;
    if (replaced !== undefined) {
      await copy.add(first, { start: done, end: replaced.outputStart });
      done = replaced.outputEnd;
    } else if (!isBehind) {
      // Rows that the first run had not come to.
      const { start } = await first.behindRows();
      await copy.add(first, { start: done, end: start });
      [done, isBehind] = [start, true];
    }
    const output = outputOf(latest.run);
    await copy.add(output, await output.rangeOf(latest.number));
  }
  const last = await lastBehindRows(members, outputOf);
  if (last === undefined) await copy.add(first, { start: done, end: first.size });
  else {
    const { start } = await first.behindRows();
    await copy.add(first, { start: done, end: Math.max(done, start) });
    await copy.add(last.output, last.range);
  }
  await copy.flush();
}

/** What the last run that was finished wrote behind its rows; undefined where only the first did. */
async function lastBehindRows(
  members: readonly StoredRun[],
  outputOf: (run: StoredRun) => WrittenOutput,
): Promise<{ readonly output: WrittenOutput; readonly range: ByteRange } | undefined> {
  for (const member of members.slice(1).reverse()) {
    const output = outputOf(member);
    const range = await output.behindRows();
    if (range.end > range.start) return { output, range };
  }
  return undefined;
}

/** The output of a run, and where in it the rows of a record are. Asked for in the order of the records. */
class WrittenOutput {
  readonly file: InputFile;
  readonly size: number;
  readonly #run: StoredRun;
  readonly #rows: OutputRows;
  readonly #failed: Peek<FailedRange>;
  readonly #spreads: Peek<{ readonly row: number; readonly outputRows: number }>;
  #next: number;
  #at: number;
  #buffer: Buffer | undefined;
  #ahead: Buffer = Buffer.alloc(0);
  #aheadStart = 0;

  private constructor(
    run: StoredRun,
    file: InputFile,
    {
      rows,
      failed,
      spreads,
    }: {
      readonly rows: OutputRows;
      readonly failed: Peek<FailedRange>;
      readonly spreads: Peek<{ readonly row: number; readonly outputRows: number }>;
    },
  ) {
    this.file = file;
    this.size = run.state.outputBytes;
    this.#run = run;
    this.#rows = rows;
    this.#failed = failed;
    this.#spreads = spreads;
    this.#next = run.record.fromRow;
    this.#at = rows.firstByte;
  }

  static async open(run: StoredRun, files: RunFiles): Promise<WrittenOutput> {
    const errors = `${run.folder}/${ERRORS_FILE}`;
    const file = await files.openInput(outputPathOf(run.record, run.folder) ?? '');
    const rows = await OutputRows.open(file, run);
    const failed = new Peek(readFailedRanges(files, errors));
    const spreads = new Peek(readSpreads(files, errors));
    return new WrittenOutput(run, file, { rows, failed, spreads });
  }

  /** Bytes of the rows of a record. */
  async rangeOf(number: number): Promise<ByteRange> {
    while (this.#next < number) await this.#pass();
    const start = this.#at;
    await this.#pass();
    return { start, end: this.#at };
  }

  /** Bytes behind the rows of the last record: what the task's `finish` wrote. */
  async behindRows(): Promise<ByteRange> {
    const end = this.#run.state.position?.number ?? this.#next;
    while (this.#next < end) await this.#pass();
    return { start: this.#at, end: Math.max(this.#at, this.size) };
  }

  /** What was read ahead from a place on; undefined where nothing was. */
  bytesAt(at: number): Buffer | undefined {
    const from = at - this.#aheadStart;
    return from >= 0 && from < this.#ahead.length ? this.#ahead.subarray(from) : undefined;
  }

  /** Reads ahead from a place on: a read for each row would take ten times as long. */
  async readAt(at: number): Promise<Buffer> {
    this.#buffer ??= Buffer.alloc(CHUNK_BYTES);
    const read = await this.file.read(at, this.#buffer);
    if (read === 0) {
      throw new RowmillError('input_changed', `${this.file.name} ends at byte ${at}`);
    }
    this.#aheadStart = at;
    this.#ahead = this.#buffer.subarray(0, read);
    return this.#ahead;
  }

  async close(): Promise<void> {
    await this.#failed.close();
    await this.#spreads.close();
    await this.file.close();
  }

  async #pass(): Promise<void> {
    const number = this.#next;
    this.#next += 1;
    const failed = await this.#failed.peek();
    if (failed?.error.row === number) {
      this.#failed.take();
      while (this.#at < failed.outputEnd) await this.#passRow(number);
      return;
    }
    const spread = await this.#spreads.peek();
    const isSpread = spread?.row === number;
    if (isSpread) this.#spreads.take();
    for (let rows = isSpread ? spread.outputRows : 1; rows > 0; rows -= 1) {
      await this.#passRow(number);
    }
  }

  async #passRow(number: number): Promise<void> {
    if ((await this.#rows.next()) === undefined) {
      const { runId } = this.#run.record;
      throw new RowmillError(
        'input_changed',
        `${this.file.name} is not what run ${runId} had written: its row ${number} is not there`,
      );
    }
    this.#at = this.#rows.nextByte;
  }
}

/** Copies ranges of files one behind the other; those that touch are one. */
class RangeCopy {
  readonly #file: WritableFile;
  readonly #buffer = Buffer.alloc(CHUNK_BYTES);
  #length = 0;

  constructor(file: WritableFile) {
    this.#file = file;
  }

  async add(output: WrittenOutput, { start, end }: ByteRange): Promise<void> {
    for (let at = start; at < end;) {
      if (this.#length === CHUNK_BYTES) await this.flush();
      const bytes = output.bytesAt(at) ?? (await output.readAt(at));
      const copied = Math.min(CHUNK_BYTES - this.#length, end - at, bytes.length);
      bytes.copy(this.#buffer, this.#length, 0, copied);
      this.#length += copied;
      at += copied;
    }
  }

  async flush(): Promise<void> {
    if (this.#length === 0) return;
    await this.#file.append(Buffer.from(this.#buffer.subarray(0, this.#length)));
    this.#length = 0;
  }
}

/** Ranges are of what the runs wrote: an output that was edited since has others. */
async function refuseChanged(
  { record, folder, isHeld }: StoredRun,
  { store, files, sha256 }: ServicePorts,
): Promise<void> {
  const { runId } = record;
  if (isHeld) throw new RowmillError('run_busy', `run ${runId} is at work: wait for it`);
  const path = outputPathOf(record, folder);
  if (path === undefined) {
    throw new RowmillError(
      'usage',
      `the output of run ${runId} went to standard output and was not kept`,
    );
  }
  const held = await store.hold(runId);
  const { checkpoint } = held;
  await held.release();
  if (checkpoint === undefined) {
    throw new RowmillError('usage', `run ${runId} has processed no row: there is nothing to merge`);
  }
  const { outputBytes: bytes, outputTailSha256: tailSha256 } = checkpoint;
  await refuseChangedOutput(files, { path, bytes, tailSha256 }, sha256);
}

async function refuseTakenFile(
  { members }: RunFamily,
  to: string,
  { files }: ServicePorts,
): Promise<void> {
  const identity = await files.identityOf(to);
  for (const { record, folder } of members) {
    const path = outputPathOf(record, folder);
    if (path === undefined || identity === undefined) continue;
    if ((await files.identityOf(path)) !== identity) continue;
    throw new RowmillError(
      'usage',
      `${to} is the output of run ${record.runId}: give another name`,
    );
  }
}
