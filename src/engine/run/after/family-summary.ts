import { RowmillError } from '../../errors.ts';
import { errorText } from '../output/errors-file.ts';
import { readHistories } from './row-histories.ts';
import { familyOf, type RunFamily } from './run-family.ts';
import type { RowLineage, RunFamilySummary } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';
import { finalStatus, isFinal } from '../status.ts';

/** A run with its parent, its children, and what has become of its rows by now. */
export async function summarizeFamily(
  runId: string,
  ports: ServicePorts,
): Promise<RunFamilySummary> {
  return summarize(await familyOf(runId, ports), ports);
}

/** The same of what was read of a run, as it stood then. */
export async function summarize(family: RunFamily, ports: ServicePorts): Promise<RunFamilySummary> {
  return { ...summaryWithoutRows(family), effective: await effectiveOf(family, ports) };
}

/** What is known of a family without a look into its files. */
export function summaryWithoutRows({ run, members, reverts }: RunFamily): RunFamilySummary {
  const { parent, runId: id } = run.record;
  const children = [...members, ...reverts]
    .filter(({ record }) => record.parent?.runId === id)
    .sort((a, b) => a.record.createdAtMs - b.record.createdAtMs)
    .map(({ record, state }) => ({
      runId: record.runId,
      kind: record.parent?.kind ?? 'retry',
      status: state.status,
    }));
  return {
    parent,
    children,
    isReverted: reverts.some(({ state }) => state.status === 'success'),
    effective: undefined,
  };
}

async function effectiveOf(
  { run, members, subtree }: RunFamily,
  { files }: ServicePorts,
): Promise<RunFamilySummary['effective']> {
  if (subtree.size === 1) return undefined;
  const { runId } = run.record;
  const fixed = new Map<string, number>();
  let { succeeded, failed } = run.state;
  for await (const { results } of readHistories(members, files)) {
    const own = results.find((result) => result.run.record.runId === runId);
    const latest = results.at(-1);
    const by = latest?.run.record.runId;
    if (latest === undefined || by === undefined || by === runId || !subtree.has(by)) continue;
    const wasFailed = own?.failed !== undefined;
    if (latest.failed === undefined) {
      fixed.set(by, (fixed.get(by) ?? 0) + 1);
      succeeded += 1;
      if (wasFailed) failed -= 1;
    } else if (!wasFailed) failed += 1;
  }
  const fixedBy = [...fixed].map(([id, rows]) => ({ runId: id, rows }));
  const { status: own } = run.state;
  const isByCounts = own === 'success' || own === 'partial' || own === 'failure';
  const status = isByCounts ? finalStatus({ succeeded, failed }) : own;
  return { status, succeeded, failed, fixedBy };
}

/** What the runs of a line made of a row. */
export async function lineageOf(
  runId: string,
  row: number,
  ports: ServicePorts,
): Promise<RowLineage> {
  const { root, members } = await familyOf(runId, ports);
  const { runId: rootId, fromRow, table } = root.record;
  const { status, message } = root.state;
  const end = root.state.position?.number ?? fromRow;
  const results: RowLineage['results'][number][] = [];
  for await (const history of readHistories(members, ports.files)) {
    if (history.row > row) break;
    if (history.row < row) continue;
    for (const { run, failed } of history.results) {
      results.push({
        runId: run.record.runId,
        outcome: failed === undefined ? 'ok' : 'failed',
        error: failed === undefined ? undefined : errorText(failed.error),
      });
    }
  }
  if (results.length === 0 && row >= fromRow && row < end) {
    results.push({ runId: rootId, outcome: 'ok', error: undefined });
  }
  // A run that came to the end of its input has nothing to say of that.
  const isWhole = isFinal(status) && message === undefined;
  const isNone = results.length === 0 && (row < fromRow || isWhole);
  if (table === undefined || isNone) {
    throw new RowmillError('usage', `run ${rootId} has no row ${row}`);
  }
  return { row, results };
}
