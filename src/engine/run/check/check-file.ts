import { checkRows } from './check-rows.ts';
import { dryRun } from './dry-run.ts';
import { openCheck, type CheckRequest } from './open-check.ts';
import type { CheckResult, RunHandles } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/** A run without effects: the whole file is read and verified, nothing is called and nothing written. */
export async function checkFile(
  request: CheckRequest & { readonly limit?: number | undefined },
  handles: RunHandles,
  ports: ServicePorts,
): Promise<CheckResult> {
  const { clock } = ports;
  const { listeners } = handles;
  const { limit } = request;
  const startedAt = clock.now();
  const opened = await openCheck(request, ports);
  try {
    const { task, arguments: args, input, table, plan } = opened;
    const checked = await checkRows({
      input,
      table,
      plan,
      limit,
      stopSignal: handles.stopSignal,
      breathe: () => clock.breathe(),
      onProgress: ({ rows, invalid, byte }) =>
        listeners.onProgress?.({
          succeeded: rows - invalid,
          failed: invalid,
          bytesDone: byte,
          bytesTotal: input.size,
          elapsedMs: clock.now() - startedAt,
        }),
    });
    const canReadAgain = task.dryRun && input.isSeekable;
    const tried = canReadAgain
      ? await dryRun(
          {
            task,
            input,
            table,
            plan,
            arguments: args,
            given: request.arguments,
            owner: request.owner,
          },
          handles,
          ports,
        )
      : undefined;
    return {
      ...checked,
      dryRun: tried,
      expectedRunMs: await expectedRunMs(checked.rows, task.name, ports),
      task: task.name,
      dialect: table.dialect,
      encoding: table.encoding,
      header: plan.header,
      warnings: table.warnings,
      matches: plan.match.matches.map(({ column, header, how }) => ({ column, header, how })),
      unknownColumns: plan.match.unknown,
      elapsedMs: clock.now() - startedAt,
    };
  } finally {
    await opened.close();
  }
}

/** Runs of the task that are looked at for one with a rate. */
const RUNS_LOOKED_AT = 5;

/** By the newest run of the task that processed enough rows for a rate. */
async function expectedRunMs(
  rows: number,
  taskName: string,
  { store }: Pick<ServicePorts, 'store'>,
): Promise<number | undefined> {
  const records = await store.records();
  const earlier = records.filter(({ task }) => task === taskName).slice(0, RUNS_LOOKED_AT);
  for (const { runId } of earlier) {
    const { elapsedMs, succeeded, failed } = (await store.get(runId)).state;
    if (elapsedMs > 0 && succeeded + failed > 0) {
      return Math.round((rows * elapsedMs) / (succeeded + failed));
    }
  }
  return undefined;
}
