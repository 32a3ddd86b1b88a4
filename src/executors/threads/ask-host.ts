import type { MessagePort } from 'node:worker_threads';
import { thrownAgain } from '../../engine/run/rows/settle-slice.ts';
import type { RunResources } from '../../engine/task/run-resources.ts';
import { askedResources } from '../protocol/asked-resources.ts';
import type { Answer } from '../protocol/script-wire.ts';
import type { AnswerMessage, AskMessage } from './thread-messages.ts';

/** In a thread: what its run may use. */
export function resourcesOver(port: MessagePort): RunResources {
  const waiting = new Map<number, (said: AnswerMessage) => void>();
  let lastId = 0;
  port.on('message', (said: AnswerMessage) => {
    waiting.get(said.id)?.(said);
    waiting.delete(said.id);
    // Nobody is kept at work by a channel on which nothing is waited for.
    if (waiting.size === 0) port.unref();
  });
  port.unref();
  const ask = (message: AskMessage): Promise<Answer> =>
    new Promise((resolve, reject) => {
      waiting.set(message.id, (said) => {
        if ('answer' in said) resolve(said.answer);
        else reject(thrownAgain(said.error));
      });
      port.ref();
      port.postMessage(message);
    });
  return askedResources((request) => {
    lastId += 1;
    return ask({ id: lastId, request });
  });
}
