import { afterAll, describe, it } from 'vitest';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { describeArrivalClaims } from './arrival-claims.ts';
import { describeAutomationStore } from './automation-store.ts';
import { describeUntoldEvents } from './untold-events.ts';
import { openAutomationWorld } from './automation-world.ts';

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
  describeAutomationStore(name, () => openAutomationWorld(server));
  describeArrivalClaims(name, () => openAutomationWorld(server));
  describeUntoldEvents(name, () => openAutomationWorld(server));
});
