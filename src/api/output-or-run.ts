import type { Context } from 'koa';
import { outputPathOf } from '../engine/run/run-paths.ts';
import { isFinal } from '../engine/run/status.ts';
import type { ApiPorts } from './api-ports.ts';
import { ApiProblem } from './problem.ts';
import { sendFile } from './send-file.ts';
import { runWire } from './wire/run-wire.ts';

/** What waiting for a run needs. */
interface Waiting {
  readonly seconds: number;
  readonly context: Context;
  readonly ports: ApiPorts;
}

/** Waits for a run: its output, or the run itself where that is asked for, or has not ended in time. */
export async function outputOrRun(
  runId: string,
  { seconds, context, ports }: Waiting,
): Promise<'sent' | { status: number; json: unknown; headers: Record<string, string> }> {
  const wanted = context.accepts('text/csv', 'application/json');
  await settled(runId, { seconds, context, ports });
  const run = await ports.store.get(runId);
  const { record, state, folder } = run;
  const headers = { Location: `/v1/runs/${runId}`, 'Rowmill-Run': runId };
  if (!isFinal(state.status)) return { status: 202, json: runWire(run), headers };
  if (wanted === 'application/json') return { status: 200, json: runWire(run), headers };
  const path = outputPathOf(record, folder);
  if (state.status === 'internal_error' || path === undefined) {
    const message = `run ${runId} could not be carried out: ${state.message ?? state.status}`;
    throw new ApiProblem('internal', message, { headers });
  }
  context.set({ ...headers, 'Rowmill-Status': state.status });
  return sendFile(context, { path, name: `${record.task.replace('/', '_')}_out.csv` });
}

/** Ends when the run has, when the time is up, or when nobody listens any more. */
export async function settled(runId: string, { seconds, context, ports }: Waiting): Promise<void> {
  const stop = new AbortController();
  const wake = (): void => stop.abort();
  context.res.once('close', wake);
  const unwatch = await ports.feed.watch(runId, {
    after: 0,
    listener: ({ type }) => {
      if (type === 'ended' || type === 'paused' || type === 'interrupted') wake();
    },
  });
  await ports.clock.sleep(seconds * 1_000, stop.signal);
  unwatch();
  context.res.off('close', wake);
}
