import type { RunEventFeed } from '../engine/hosting/run-event-feed.ts';
import type { RunEvent } from '../engine/ports/run-events.ts';
import type { EventStream, StreamedEvent } from './event-stream.ts';

const PAGE = 500;

/**
 * Sends what happened to a run behind `after`, then what happens: each event once, in order. Without
 * `follow` it ends behind the event that the run has ended.
 */
export async function streamRunEvents(
  stream: EventStream,
  feed: RunEventFeed,
  {
    runId,
    after,
    follow,
  }: { readonly runId: string; readonly after: number; readonly follow: boolean },
): Promise<void> {
  const unclose = feed.onClose(() => stream.end());
  let last = after;
  let isLive = false;
  let hasEnded = false;
  const send = (event: RunEvent): void => {
    if (event.number > last + 1) {
      stream.send(prunedEvent(runId, { from: last + 1, to: event.number - 1 }));
    }
    last = event.number;
    stream.send(streamedEvent(event));
    hasEnded = event.type === 'ended';
    if (isLive && hasEnded && !follow) stream.end();
  };
  for (;;) {
    const page = await feed.kept(runId, { number: last, limit: PAGE });
    for (const event of page) send(event);
    if (page.length < PAGE || !stream.isOpen) break;
    // A reader that takes its time holds up its own reading, and is not buffered.
    await stream.drained();
  }
  const unwatch = await feed.watch(runId, { after: last, listener: send });
  isLive = true;
  if (hasEnded && !follow) stream.end();
  await stream.closed;
  unwatch();
  unclose();
}

const streamed = new WeakMap<RunEvent, StreamedEvent>();

/** An event as it is sent; the same for all who watch. */
export function streamedEvent(event: RunEvent): StreamedEvent {
  let sent = streamed.get(event);
  if (sent === undefined) {
    const { runId, number, type, atMs, data } = event;
    const at = new Date(atMs).toISOString();
    sent = { id: `${number}`, type, data: { run_id: runId, number, type, at, ...data } };
    streamed.set(event, sent);
  }
  return sent;
}

/** Stands for events of progress that are not kept any more: a reader who counts misses no number. */
function prunedEvent(
  runId: string,
  { from, to }: { readonly from: number; readonly to: number },
): StreamedEvent {
  const data = { run_id: runId, number: to, type: 'pruned', from, to };
  return { id: `${to}`, type: 'pruned', data };
}
