import { afterAll, describe, it } from 'vitest';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { describeQueueStore } from './queue-store.ts';
import { openQueueWorld } from './queue-world.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

describe.each([
  ['SQLite', undefined],
  ['PostgreSQL', postgres],
] as const)('%s', (name, server) => {
  if (name === 'PostgreSQL' && server === undefined) {
    it.skip(NOT_RUN, () => undefined);
    return;
  }
  describeQueueStore(name, () => openQueueWorld(server));
});
