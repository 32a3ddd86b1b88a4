import { DERIVED_FILES, type DerivedFile } from '../engine/hosting/derived-run-files.ts';
import type { HostedRun } from '../engine/ports/hosted-run-store.ts';
import { RowmillError } from '../engine/errors.ts';
import { outputPathOf } from '../engine/run/run-paths.ts';
import type { ApiPorts } from './api-ports.ts';
import { safeName } from './content-disposition.ts';
import { ApiProblem } from './problem.ts';
import type { SentFile } from './send-file.ts';

/** The files of a run. */
export const RUN_FILES = ['input', 'output', ...DERIVED_FILES] as const;

export type RunFile = (typeof RUN_FILES)[number];

/** A file of a run as it stands: of a run at work, up to its last checkpoint. Throws `not_found`. */
export async function runFile(
  run: HostedRun,
  kind: RunFile,
  { derivedFiles }: Pick<ApiPorts, 'derivedFiles'>,
): Promise<SentFile> {
  const { record, state, folder } = run;
  const { runId } = record;
  const name = fileName(run, kind);
  if (kind === 'input') {
    if (record.input.kind !== 'file') throw new ApiProblem('not_found', 'this run reads no file');
    const encoding = record.copyPath === undefined ? record.table?.encoding : undefined;
    return { path: record.input.path, name, version: `${runId}-input`, encoding };
  }
  if (kind === 'output') {
    const path = outputPathOf(record, folder);
    if (path === undefined || state.position === undefined) throw notYet(runId, kind);
    const { outputBytes: length } = state;
    return { path, name, length, version: `${runId}-output-${length}` };
  }
  return { name, ...(await derived(run, kind, derivedFiles)) };
}

async function derived(
  run: HostedRun,
  kind: DerivedFile,
  files: ApiPorts['derivedFiles'],
): Promise<Awaited<ReturnType<ApiPorts['derivedFiles']['find']>> & {}> {
  const { runId, parent } = run.record;
  if (kind === 'merged' && parent !== undefined) {
    const message = `run ${runId} did rows of run ${parent.rootId}, whose merged.csv has them all`;
    throw new ApiProblem('not_found', message);
  }
  const found = await files.find(run, kind).catch((cause: unknown) => {
    // It names a place of ours.
    const isGone = cause instanceof RowmillError && cause.code === 'input_not_found';
    const message = `a file that ${kind}.csv is made of is not on this server`;
    throw isGone ? new ApiProblem('input_not_found', message, { cause }) : cause;
  });
  if (found === undefined) throw notYet(run.record.runId, kind);
  return found;
}

function notYet(runId: string, kind: RunFile): ApiProblem {
  return new ApiProblem('not_found', `run ${runId} has no ${kind}.csv yet: no row was done`);
}

/** `orders.csv` → `orders.failed.csv`. */
function fileName({ record }: HostedRun, kind: RunFile): string {
  const given = safeName(record.fileName ?? `${record.task.replace('/', '_')}_${record.runId}.csv`);
  const base = given.replace(/(\.(csv|tsv|txt))?(\.gz)?$/i, '');
  return kind === 'input' ? given.replace(/\.gz$/i, '') : `${base}.${kind}.csv`;
}
