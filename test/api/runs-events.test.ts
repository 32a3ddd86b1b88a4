import { createServer, get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Context } from 'koa';
import { afterEach, describe, expect, it } from 'vitest';
import { EventStream } from '../../src/api/event-stream.ts';
import { RunEventFeed } from '../../src/engine/hosting/run-event-feed.ts';
import { defineTask, write } from '../../src/index.ts';
import { SqlEventStore } from '../../src/stores/sql/sql-event-store.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let release: () => void = () => undefined;
let gate = Promise.resolve();

const waits = defineTask({
  category: 'test',
  action: 'waits',
  description: 'Wait for the test at the row 500',
  mandatory: { n: () => true },
  output: ['done'],
  async row({ n }) {
    if (n === '500') await gate;
    return write({ done: n });
  },
});

const servers: TestServer[] = [];
afterEach(async () => {
  release();
  gate = Promise.resolve();
  for (const server of servers.splice(0)) await server.close();
});

function shut(): void {
  gate = new Promise((resolve) => {
    release = resolve;
  });
}

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([waits], options);
  servers.push(server);
  return server;
}

async function create(server: TestServer, { rows = 1_000, query = '' } = {}): Promise<string> {
  const { body } = await server.json(`/v1/tasks/test/waits/runs${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: `n\n${Array.from({ length: rows }, (_, index) => `${index + 1}\n`).join('')}`,
  });
  return body.id;
}

/** A client of the stream: what it was sent, and when the stream ended. */
class Watcher {
  readonly events: EventSourceMessage[] = [];
  readonly #ended: Promise<void>;
  readonly response: IncomingMessage;

  private constructor(response: IncomingMessage) {
    this.response = response;
    const parser = createParser({ onEvent: (event) => void this.events.push(event) });
    response.setEncoding('utf8').on('data', (text: string) => parser.feed(text));
    this.#ended = new Promise((resolve) => void response.once('close', resolve));
    response.on('error', () => undefined);
  }

  static open(url: string, lastEventId?: string): Promise<Watcher> {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    return new Promise((resolve, reject) => {
      get(url, { headers, agent: false }, (response) => resolve(new Watcher(response))).once(
        'error',
        reject,
      );
    });
  }

  get types(): (string | undefined)[] {
    return this.events.map(({ event }) => event);
  }

  get numbers(): number[] {
    return this.events.map(({ id }) => Number(id));
  }

  ended(): Promise<void> {
    return this.#ended;
  }

  close(): void {
    this.response.destroy();
  }
}

async function untilAsked(server: TestServer, id: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await server.json(`/v1/runs/${id}`)).body['asked'] !== null) return;
  }
  throw new Error('it was not asked');
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not become so');
}

describe('the events of a run', () => {
  it('are numbered from 1, and end behind its end', async () => {
    const server = await serve();
    const id = await create(server);
    const watcher = await Watcher.open(`${server.url}/v1/runs/${id}/events`);
    expect(watcher.response.headers['content-type']).toBe('text/event-stream');
    await watcher.ended();
    expect(watcher.types.slice(0, 3)).toEqual(['created', 'queued', 'started']);
    expect(watcher.numbers).toEqual(watcher.events.map((_, index) => index + 1));
    expect(JSON.parse(watcher.events.at(-1)?.data ?? '')).toMatchObject({
      run_id: id,
      type: 'ended',
      status: 'success',
      succeeded: 1000,
      failed: 0,
    });
  });

  it('are the same for one who comes late, and from where one left off', async () => {
    const server = await serve();
    const id = await create(server);
    const url = `${server.url}/v1/runs/${id}/events`;
    const first = await Watcher.open(url);
    await first.ended();
    const late = await Watcher.open(url);
    await late.ended();
    expect(late.events).toEqual(first.events);
    const behind = await Watcher.open(url, '1');
    await behind.ended();
    expect(behind.events).toEqual(first.events.slice(1));
    const asked = await Watcher.open(`${url}?after=2`);
    await asked.ended();
    expect(asked.events).toEqual(first.events.slice(2));
  });

  it('need no further request once the end was seen', async () => {
    const server = await serve();
    const id = await create(server);
    const url = `${server.url}/v1/runs/${id}/events`;
    const watcher = await Watcher.open(url);
    await watcher.ended();
    const again = await Watcher.open(url, watcher.events.at(-1)?.id);
    expect(again.response.statusCode).toBe(204);
    expect((await fetch(url, { headers: { 'last-event-id': 'x' } })).status).toBe(400);
    expect((await fetch(url, { method: 'HEAD' })).headers.get('content-type')).toContain(
      'text/event-stream',
    );
  });

  it('go on behind the end for who follows', async () => {
    const server = await serve();
    shut();
    const id = await create(server);
    const watcher = await Watcher.open(`${server.url}/v1/runs/${id}/events?follow=true`);
    await until(() => watcher.types.includes('started'));
    const stopping = server.json(`/v1/runs/${id}/stop`, { method: 'POST' });
    await untilAsked(server, id);
    release();
    await stopping;
    await until(() => watcher.types.includes('ended'));
    await server.json(`/v1/runs/${id}/resume`, { method: 'POST' });
    await until(() => watcher.types.filter((type) => type === 'ended').length === 2);
    expect(watcher.numbers).toEqual(watcher.events.map((_, index) => index + 1));
    watcher.close();
  });

  it('have no gap and no double through a restart of the server and reconnects', async () => {
    const server = await serve();
    shut();
    const id = await create(server);
    const before = await Watcher.open(`${server.url}/v1/runs/${id}/events`);
    await until(() => before.types.includes('started'));
    const closing = server.stop();
    release();
    await closing;
    await before.ended();
    servers.splice(0);
    expect(before.types).toContain('interrupted');
    const next = await serve({ folder: server.folder });
    const after = await Watcher.open(`${next.url}/v1/runs/${id}/events`, before.events.at(-1)?.id);
    await after.ended();
    const numbers = [...before.numbers, ...after.numbers];
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(after.types.at(-1)).toBe('ended');
    const resumed = after.events.find(({ event }) => event === 'started');
    expect(JSON.parse(resumed?.data ?? '')).toMatchObject({ resumed_after_rows: 500 });
  });

  it('end also where the server went away before it could tell the end', async () => {
    const server = await serve({ slots: 0 });
    const id = await create(server);
    await server.stop();
    servers.splice(0);
    const { db } = await server.openStore();
    await db
      .updateTable('runs')
      .set({ status: 'partial', succeeded: 7, failed: 1, due_at: null })
      .execute();
    await db.destroy();
    const next = await serve({ folder: server.folder });
    const watchers = await Promise.all(
      [1, 2, 3].map(() => Watcher.open(`${next.url}/v1/runs/${id}/events`)),
    );
    for (const watcher of watchers) {
      await watcher.ended();
      expect(watcher.types).toEqual(['created', 'queued', 'ended']);
    }
    expect(JSON.parse(watchers[0]?.events[2]?.data ?? '')).toMatchObject({
      status: 'partial',
      succeeded: 7,
    });
  });

  it('that were pruned are stood for by one that says so', async () => {
    const server = await serve({ slots: 0 });
    const id = await create(server, { query: '?start=false' });
    const database = await server.openStore();
    const feed = new RunEventFeed(new SqlEventStore(database));
    await feed.tell({ runId: id, type: 'started', data: {} });
    for (let told = 0; told < 1_497; told += 1) {
      await feed.tell({ runId: id, type: 'progress', data: { succeeded: told } });
    }
    await feed.tell({ runId: id, type: 'ended', data: {} });
    await database.db.destroy();
    const watcher = await Watcher.open(`${server.url}/v1/runs/${id}/events`);
    await watcher.ended();
    expect(watcher.types.slice(0, 4)).toEqual(['created', 'started', 'pruned', 'progress']);
    expect(JSON.parse(watcher.events[2]?.data ?? '')).toMatchObject({ from: 3, to: 1399 });
    expect(watcher.events).toHaveLength(3 + 101);
    expect(watcher.numbers.at(-1)).toBe(1500);
  });

  it('of all runs of the account come in one stream', async () => {
    const server = await serve();
    const watcher = await Watcher.open(`${server.url}/v1/events/runs`);
    const ids = [await create(server, { rows: 2 }), await create(server, { rows: 3 })];
    await until(() => watcher.types.filter((type) => type === 'ended').length === 2);
    const seen = watcher.events.map(
      ({ data }) => JSON.parse(data) as { run_id: string; type: string },
    );
    for (const id of ids) {
      expect(seen.filter(({ run_id: of }) => of === id).map(({ type }) => type)).toEqual([
        'queued',
        'started',
        'ended',
      ]);
    }
    watcher.close();
  });
});

describe('a client that does not read', () => {
  it('is dropped when too much waits for it', async () => {
    const streams: EventStream[] = [];
    const server = createServer((req, res) => {
      // What of a Koa context an event stream uses.
      const context = { req, res } as unknown as Context;
      streams.push(new EventStream(context, { maxWaitingBytes: 10_000 }));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => streams.length === 1);
    const data = { text: 'x'.repeat(64 * 1024) };
    const [stream] = streams;
    let sent = 0;
    for (let turn = 0; turn < 1_000; turn += 1) {
      if (stream?.isOpen === true) sent += 1;
      stream?.send({ type: 'progress', data });
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await stream?.closed;
    expect(sent).toBeLessThan(1_000);
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
