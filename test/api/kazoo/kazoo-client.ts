import { expect } from 'vitest';
import { defineNoinputTask, defineTask, fail, stop, write } from '../../../src/index.ts';
import type { TestServer } from '../test-server.ts';

export const double = defineTask({
  category: 'numbers',
  action: 'double',
  description: 'Double a number',
  doc: 'Two times **n**.',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  optional: { note: () => true },
  output: ['twice'],
  row: ({ n }) => (n === '13' ? fail('unlucky') : write({ twice: String(2 * Number(n)) })),
});

export const hello = defineNoinputTask({
  category: 'greetings',
  action: 'hello',
  description: 'Say hello once',
  doc: '',
  output: ['said'],
  start: () => ({ isSaid: false }),
  step: ({ isSaid }) => (isSaid ? stop() : write({ said: 'hello' }, { isSaid: true })),
});

/** Never ends by itself. */
export const forever = defineNoinputTask({
  category: 'greetings',
  action: 'forever',
  description: 'Say hello until somebody stops it',
  doc: '',
  output: ['said'],
  start: () => ({}),
  step: async (_state, { signal }) => {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 20);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    return write({ said: 'hello' });
  },
});

/** What an answer says in JSON. */
interface KazooBody {
  readonly status: string;
  readonly data: unknown;
  readonly error?: string;
  readonly message?: string;
  readonly page_size?: number;
  readonly start_key?: string;
  readonly next_start_key?: string;
  readonly auth_token?: string;
}

export interface KazooAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined where it is no JSON. */
  readonly body: KazooBody;
}

/** A task as the tests look at it. */
export type TaskBody = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly status: string;
};

/** Account of a server without keys. */
export const ACCOUNT = 'local';

/** Calls a server as a client of Kazoo does: with a token and, beside GET, with a JSON body. */
export class KazooClient {
  readonly #server: TestServer;
  readonly #token: string;

  constructor(server: TestServer, token = 'the-token') {
    this.#server = server;
    this.#token = token;
  }

  async call(
    method: string,
    path: string,
    {
      body,
      headers = {},
    }: { readonly body?: string | FormData; readonly headers?: Record<string, string> } = {},
  ): Promise<KazooAnswer> {
    const sends = method !== 'GET' && method !== 'OPTIONS';
    const json = sends && body === undefined ? { 'Content-Type': 'application/json' } : {};
    const response = await fetch(`${this.#server.url}/v2${path}`, {
      method,
      headers: { 'X-Auth-Token': this.#token, ...json, ...headers },
      ...(sends ? { body: body ?? '{"data":{}}' } : {}),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json';
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? (JSON.parse(text) as KazooBody) : { status: 'no JSON', data: undefined },
    };
  }

  put(query: string, csv: string, type = 'text/csv'): Promise<KazooAnswer> {
    return this.call('PUT', `/accounts/${ACCOUNT}/tasks?${query}`, {
      body: csv,
      headers: { 'Content-Type': type },
    });
  }

  /** A new task of numbers/double, or what is told. */
  async created(csv = 'n\n1\n', query = 'category=numbers&action=double'): Promise<TaskBody> {
    const answer =
      csv === ''
        ? await this.call('PUT', `/accounts/${ACCOUNT}/tasks?${query}`)
        : await this.put(query, csv);
    expect(answer.text).toContain('"status":"success"');
    return readOnly(answer);
  }

  task(method: string, id: string, rest = ''): Promise<KazooAnswer> {
    return this.call(method, `/accounts/${ACCOUNT}/tasks/${id}${rest}`);
  }

  /** Asks until the task is neither pending nor executing. Bounded: 20 s. */
  async ended(id: string): Promise<TaskBody> {
    for (let tries = 0; tries < 400; tries += 1) {
      const task = readOnly(await this.task('GET', id, `?_=${Date.now()}`));
      if (task.status !== 'pending' && task.status !== 'executing') return task;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`task ${id} did not end`);
  }
}

/** The task of an answer. */
export function readOnly({ body }: KazooAnswer): TaskBody {
  // The routes that answer with a task; the shape is checked against the description of the API.
  return (body.data as { readonly _read_only: TaskBody })._read_only;
}
