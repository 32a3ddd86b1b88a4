import { parentPort, workerData } from 'node:worker_threads';
import type { RowThreadSetup } from '../../engine/ports/row-executor.ts';
import type { RunResources } from '../../engine/task/run-resources.ts';
import { carriedError, type RowThread } from '../../engine/run/rows/row-thread.ts';
import { resourcesOver } from './ask-host.ts';
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts';

/**
 * Serves the slices of one run, in a thread that was started for it. `open` finds the task and opens it
 * with what the executor was given.
 */
export async function serveRowThread(
  open: (
    found: unknown,
    setup: RowThreadSetup,
    world: { readonly onSecretUsed: (name: string) => void; readonly resources: RunResources },
  ) => Promise<RowThread>,
): Promise<void> {
  if (parentPort === null) throw new TypeError('this is no thread of a run');
  const port = parentPort;
  const say = (message: FromThread): void => port.postMessage(message);
  const { found, setup, resources } = workerData as ThreadData<unknown>; // of the executor beside this file
  let thread: RowThread;
  try {
    thread = await open(found, setup, {
      onSecretUsed: (name) => say({ kind: 'secret_used', name }),
      resources: resourcesOver(resources),
    });
  } catch (error) {
    say({ kind: 'refused', error: carriedError(error) });
    return;
  }
  // One slice after the other, also where rows are awaited.
  let last: Promise<void> = Promise.resolve();
  const then = (step: () => Promise<void>): void => {
    last = last.then(step);
  };
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'run':
        then(async () => {
          say({ kind: 'result', id: message.id, result: await thread.run(message.slice) });
        });
        return;
      case 'stop':
        thread.stop();
        return;
      case 'close':
        thread.stop();
        then(async () => {
          say({ kind: 'closed', log: await thread.close() });
          port.close();
        });
    }
  });
  say({ kind: 'ready' });
}
