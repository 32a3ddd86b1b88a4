import { afterEach, beforeEach, expect, it } from 'vitest';
import { newFiring } from '../../src/engine/automation/new-firing.ts';
import { messageOf, RowmillError } from '../../src/engine/errors.ts';
import type { FiringStore } from '../../src/engine/ports/firing-store.ts';
import { releaseOrLeave } from '../../src/api/leave-files.ts';
import { releaseFiles } from '../../src/api/schedule-rules.ts';
import { openAutomationWorld } from '../contract/automation-world.ts';
import { addFileTrigger, storedTrigger } from '../contract/file-trigger.ts';

let world: Awaited<ReturnType<typeof openAutomationWorld>>;
beforeEach(async () => {
  world = await openAutomationWorld(undefined);
});
afterEach(() => world.close());

/** What a removal by force says of a file whose run begins after so many pages of firings were read. */
async function leftWhereItBeginsAfter(pages: number): Promise<readonly string[] | string> {
  const id = `sch_${pages}`;
  const trigger = await addFileTrigger(world.triggers, id);
  const store = world.firings('a');
  const item = `fir_${pages}`;
  const payload = { file: { name: 'a.csv', bytes: 1, modified_at: '2026-01-01T00:00:00.000Z' } };
  await store.add([newFiring(trigger, () => item, { dueMs: 1, item, payload })]);
  let read = 0;
  const page: FiringStore['page'] = async (...asked) => {
    const found = await store.page(...asked);
    read += 1;
    // Else more could be claimed, and be in no answer.
    expect((await storedTrigger(world.triggers, id)).isPaused).toBe(true);
    if (read === pages) {
      const [claimed] = await store.claim(1);
      if (claimed === undefined) throw new Error('nothing was claimed');
      await store.settle(claimed, { verdict: 'fired', runId: 'run_a' });
    }
    return found;
  };
  const release = () => Promise.reject(new RowmillError('usage', '/in is not there'));
  const firings = { page, getAll: store.getAll.bind(store) };
  const { triggers, claims } = world;
  const schedules = { triggers, claims, files: { release }, firings };
  try {
    const left = await releaseOrLeave(trigger, { schedules });
    return left?.files.map((firing) => firing.id) ?? 'nothing';
  } catch (error) {
    // It is not removed then.
    expect((await storedTrigger(world.triggers, id)).isPaused).toBe(false);
    return messageOf(error);
  } finally {
    expect(read).toBeGreaterThanOrEqual(pages);
  }
}

it('names a file whose run begins while it looks, or says that it is at work', async () => {
  for (const pages of [1, 2, 3]) {
    const said = await leftWhereItBeginsAfter(pages);
    expect(
      [`fir_${pages}`, 'run_a is at work with a.csv: wait, or stop it first'],
      `after ${pages}`,
    ).toContain(typeof said === 'string' ? said : said[0]);
  }
});

it('watches on where its files cannot be let go of, whatever the reason', async () => {
  const trigger = await addFileTrigger(world.triggers, 'sch_a');
  for (const error of [
    new Error('EACCES: permission denied'),
    new RowmillError('usage', '/in is not there'),
    new RowmillError('sftp_unreachable', 'it does not answer'),
  ]) {
    const files = { release: () => Promise.reject(error) };
    const releasing = releaseFiles(trigger, { schedules: { triggers: world.triggers, files } });
    await expect(releasing).rejects.toThrow(error.message);
    expect((await storedTrigger(world.triggers, 'sch_a')).isPaused, error.message).toBe(false);
  }
});
