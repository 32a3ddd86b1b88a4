import type { EventDesk, ShownEvent } from '../../src/engine/automation/event-desk.ts';
import type { QueueDesk, ShownEntry, ShownQueue } from '../../src/engine/automation/queue-desk.ts';

const EVENT: ShownEvent = {
  id: 'evt_abc',
  name: 'appointment.create',
  createdAt: new Date('2026-11-21T01:30:00Z'),
  deliveries: [
    {
      name: 'todo',
      verdict: 'filtered',
      runId: undefined,
      message: undefined,
      unmet: [{ at: 'a', clause: { a: 1 }, met: false }],
      run: undefined,
    },
  ],
  notice: undefined,
  json: { id: 'evt_abc', payload: { a: 2 } },
};
const QUEUE: ShownQueue = {
  id: 'que_abc',
  name: 'patients',
  job: 'job_abc',
  workerCount: 1,
  order: 'fifo',
  isPaused: false,
  counts: { waiting: 2, starting: 0, working: 1, ended: 3, refused: 0 },
  json: { id: 'que_abc', name: 'patients', description: '', worker_count: 1 },
};
const ENTRY: ShownEntry = {
  id: 'ent_abc',
  position: 1,
  priority: 0,
  status: 'waiting',
  outcome: undefined,
  runId: undefined,
  message: undefined,
  arguments: { name: 'Alice' },
  json: { id: 'ent_abc' },
};

/** One event that one job has filtered, whatever is asked. Keeps what it was told. */
export function fakeEvents(told: unknown[]): EventDesk {
  return {
    async send(event) {
      told.push(event);
      return EVENT;
    },
    async list(filter) {
      told.push(filter);
      return [EVENT];
    },
    show: async () => EVENT,
    catalogue: async () => [
      { name: 'run.created', description: 'A run was made', isOfServer: true, json: {} },
    ],
    async describe(name, kind) {
      told.push({ ...name, ...kind });
    },
    async forget(name) {
      told.push(name);
    },
    async test(filter, payload) {
      told.push({ filter, payload });
      const matches = Object.keys(filter).length === 0;
      return { matches, clauses: [{ at: 'a', clause: { a: 1 }, isMet: matches }], json: {} };
    },
  };
}

/** One queue with one entry. Keeps what it was told. */
export function fakeQueues(told: unknown[]): QueueDesk {
  return {
    list: async () => [QUEUE],
    show: async () => QUEUE,
    async create(queue) {
      told.push(queue);
      return QUEUE;
    },
    async change(_, patch) {
      told.push(patch);
      return QUEUE;
    },
    async remove(name) {
      told.push(name);
    },
    async add(_, entries) {
      told.push(entries);
      return entries.length;
    },
    entries: async () => [ENTRY],
    async changeEntry(_, entryId, patch) {
      told.push({ entryId, ...patch });
      return ENTRY;
    },
    async removeEntry(_, entryId) {
      told.push(entryId);
    },
  };
}
