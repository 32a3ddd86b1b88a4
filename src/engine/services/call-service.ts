import { messageOf } from '../errors.ts';
import type { ServiceWork } from '../jobs/job-definition.ts';
import type { ResultCode } from '../jobs/result-code.ts';
import type { Clock } from '../ports/clock.ts';
import type { ScriptLogEntry } from '../ports/script-executor.ts';
import type { JsonValue } from '../task/json-value.ts';
import type { ServiceCallStore } from '../ports/service-call-store.ts';
import { readReply, type ServiceAnswer } from './service-reply.ts';

/** What calling services works with. */
export interface ServiceCallPorts {
  readonly calls: ServiceCallStore;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
}

/** One call of a service. */
interface ServiceCall {
  readonly runId: string;
  readonly jobId: string;
  readonly work: ServiceWork;
  /** That of the work, with its secrets. */
  readonly endpoint: string;
  /** JSON. */
  readonly parameters: unknown;
  readonly fetch: typeof globalThis.fetch;
  /** Aborted: nobody waits for the reply any more. */
  readonly signal: AbortSignal;
}

/** What came of a call. */
export interface ServiceOutcome {
  readonly resultCode: ResultCode;
  readonly message: string;
  /** Of the service, as it is described; undefined where nothing came that is one. */
  readonly reply?: JsonValue;
  /** The message and the details of the service, or what is to be known of its answer. */
  readonly log: readonly ScriptLogEntry[];
}

/** Of an answer, in bytes; a service says a few words. */
const MOST_READ = 1024 * 1024;

/**
 * Calls a service once and waits for its reply, no longer than its timeout; the lock stays until the caller
 * ends the call. Throws only where the store is gone, or the signal is aborted: then it is not known whether
 * the service works on, and who takes up the run waits until the timeout is over.
 */
export async function callService(
  call: ServiceCall,
  ports: ServiceCallPorts,
): Promise<ServiceOutcome> {
  const { runId, jobId, work, signal } = call;
  const { calls, clock } = ports;
  const timeoutMs = work.timeoutSeconds * 1_000;
  const isExclusive = !work.allowsConcurrency;
  const begun = await calls.begin({ runId, jobId, timeoutMs, isExclusive });
  switch (begun.verdict) {
    case 'locked': {
      const rest = Math.ceil(begun.restMs / 1_000);
      const message = `it was not called: run ${begun.runId} waits for its reply, for ${rest} s at most`;
      return { resultCode: 'idle', message, log: [{ level: 'warn', message }] };
    }
    case 'begun_before': {
      await clock.sleep(begun.restMs, signal);
      signal.throwIfAborted();
      const message = `it was called by a server that has gone, and its reply with it: it had ${work.timeoutSeconds} s`;
      return failed('timeout', message);
    }
    case 'begun': {
      const answer = await exchanged(call, ports);
      if (answer === 'timeout') {
        const message = `it did not answer within ${work.timeoutSeconds} s`;
        return failed('timeout', message);
      }
      const read = 'problem' in answer ? answer : readReply(answer);
      if ('problem' in read) return failed('error', read.problem);
      const { code, message, errorDetails } = read.reply;
      const details = errorDetails.map((detail) => errorLine(detail));
      const first = code === 'error' ? errorLine(message) : ({ level: 'info', message } as const);
      const reply = { code, message, error_details: errorDetails };
      return { resultCode: code, message, reply, log: [first, ...details] };
    }
  }
}

function failed(resultCode: 'error' | 'timeout', message: string): ServiceOutcome {
  return { resultCode, message, log: [errorLine(message)] };
}

function errorLine(message: string): ScriptLogEntry {
  return { level: 'error', message };
}

/** Sends the parameters and reads the answer, whatever it is. */
async function exchanged(
  { work, endpoint, parameters, fetch, signal }: ServiceCall,
  { clock, makeStop }: ServiceCallPorts,
): Promise<ServiceAnswer | { readonly problem: string } | 'timeout'> {
  const end = makeStop();
  const abort = (): void => end.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  const answered = makeStop();
  let isLate = false;
  const watching = (async () => {
    await clock.sleep(work.timeoutSeconds * 1_000, answered.signal);
    if (answered.signal.aborted) return;
    isLate = true;
    end.abort();
  })();
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(parameters),
      redirect: 'manual',
      signal: end.signal,
    });
    return {
      status: response.status,
      contentType: response.headers.get('content-type') ?? undefined,
      location: response.headers.get('location') ?? undefined,
      ...(await boundedText(response)),
    };
  } catch (error) {
    if (isLate) return 'timeout';
    signal.throwIfAborted();
    return { problem: `it cannot be called: ${causesOf(error)}` };
  } finally {
    answered.abort();
    await watching;
    signal.removeEventListener('abort', abort);
  }
}

async function boundedText(
  response: Response,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  if (response.body === null) return { text, isCut: false };
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > MOST_READ) return { text, isCut: true };
    text += decoder.decode(chunk, { stream: true });
  }
  return { text: text + decoder.decode(), isCut: false };
}

/** What has failed, down to what the network said. */
function causesOf(error: unknown): string {
  const words: string[] = [];
  for (let cause: unknown = error; cause !== undefined && words.length < 4;) {
    words.push(messageOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return [...new Set(words)].filter((word) => word !== '').join(': ');
}
