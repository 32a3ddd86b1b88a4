import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { RowmillError } from '../engine/errors.ts';
import type { RunHandles } from '../engine/run/run-service.ts';
import { pause, type ApiAnswer, type ApiClient } from './api-client.ts';
import { progressOf, type ProgressWire, type RunWire } from './wire.ts';

const LOOK_EVERY_MS = 300;
/** A server says something every 15 s, if only that it is there. */
const SILENCE_MS = 45_000;
const PAUSE_MS = 200;

/**
 * Tells how far a run is, from its events, until it is at work no more or the signal says that nobody
 * watches. A stream that breaks is taken up behind the last event, so that none is missed or told twice.
 */
export async function followRemote(
  client: ApiClient,
  begun: RunWire,
  { listeners, stopSignal }: Pick<RunHandles, 'listeners' | 'stopSignal'>,
): Promise<RunWire> {
  const path = `/v1/runs/${begun.id}`;
  let after = 0;
  let run = begun;
  while (!stopSignal.aborted) {
    try {
      // The route answers the run.
      run = (await client.json({ method: 'GET', path, signal: stopSignal })) as RunWire;
      if (!isAtWork(run)) return run;
      for await (const { id, event, data } of await openEvents(client, {
        path,
        after,
        stopSignal,
      })) {
        after = Number(id ?? after);
        if (event === 'progress')
          listeners.onProgress?.(progressOf(JSON.parse(data) as ProgressWire));
        if (event === 'paused') listeners.onPaused?.(run.id);
        if (event !== undefined && ENDS.has(event)) break;
      }
      await pause(PAUSE_MS, stopSignal);
    } catch (error) {
      if (error instanceof RowmillError) throw error;
      // The stream broke, or nobody watches any more: then the loop ends.
    }
  }
  return run;
}

/** Events behind which the run itself says whether there is more to come. */
const ENDS = new Set(['ended', 'paused']);

async function openEvents(
  client: ApiClient,
  {
    path,
    after,
    stopSignal,
  }: { readonly path: string; readonly after: number; readonly stopSignal: AbortSignal },
): Promise<AsyncIterable<EventSourceMessage>> {
  const answer = await client.send({
    method: 'GET',
    path: `${path}/events`,
    headers: {
      accept: 'text/event-stream, application/problem+json',
      ...(after === 0 ? {} : { 'last-event-id': String(after) }),
    },
    signal: stopSignal,
    silenceMs: SILENCE_MS,
  });
  return eventsOf(answer);
}

async function* eventsOf({ body }: ApiAnswer): AsyncIterable<EventSourceMessage> {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  for await (const bytes of body as AsyncIterable<Buffer>) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    yield* events.splice(0);
  }
}

/** A paused run that a server holds goes on there; one that nobody holds has to be resumed. */
function isAtWork({ status, is_live: isLive }: RunWire): boolean {
  return status === 'pending' || status === 'executing' || isLive;
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
