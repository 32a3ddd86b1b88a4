import type { RunHandles } from '../engine/run/run-service.ts';
import { pause, type ApiClient } from './api-client.ts';
import { progressOf, type RunWire } from './wire.ts';

const LOOK_EVERY_MS = 300;

/** Tells how far a run is until it is at work no more, or the signal says that nobody watches. */
export async function followRemote(
  client: ApiClient,
  begun: RunWire,
  { listeners, stopSignal }: Pick<RunHandles, 'listeners' | 'stopSignal'>,
): Promise<RunWire> {
  let run = begun;
  let isPaused = false;
  for (;;) {
    const isOver = run.status !== 'pending' && run.status !== 'executing' && !run.is_live;
    if (isOver || stopSignal.aborted) return run;
    if (run.status === 'paused' && !isPaused) listeners.onPaused?.(run.id);
    isPaused = run.status === 'paused';
    run = await lookAgain(client, run, stopSignal);
    listeners.onProgress?.(progressOf(run));
  }
}

/** The run a moment later; as it was, when the signal says that nobody waits. */
export async function lookAgain(
  client: ApiClient,
  run: RunWire,
  signal: AbortSignal,
): Promise<RunWire> {
  await pause(LOOK_EVERY_MS, signal).catch(() => undefined);
  if (signal.aborted) return run;
  // The route answers the run.
  return (await client.json({ method: 'GET', path: `/v1/runs/${run.id}` })) as RunWire;
}
