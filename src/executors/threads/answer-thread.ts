import type { MessagePort } from 'node:worker_threads';
import { carriedError } from '../../engine/run/rows/row-thread.ts';
import type { RunResources } from '../../engine/task/run-resources.ts';
import { answerRequest } from '../protocol/answer-request.ts';
import type { AnswerMessage, AskMessage } from './thread-messages.ts';

/** In the thread that started it. */
export function answerOver(port: MessagePort, resources: RunResources): void {
  const answer = async ({ id, request }: AskMessage): Promise<AnswerMessage> => {
    try {
      return { id, answer: await answerRequest(resources, request) };
    } catch (error) {
      return { id, error: carriedError(error) };
    }
  };
  port.on('message', (message: AskMessage) => {
    void answer(message).then((said) => port.postMessage(said));
  });
  port.unref();
}
