import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlertRule } from '../../src/engine/automation/alerts/alert-rule.ts';
import { Alerts } from '../../src/engine/automation/alerts/alerts.ts';
import type { AlertStore } from '../../src/engine/ports/alert-store.ts';
import type { RunStatus } from '../../src/engine/run/status.ts';

export interface AlertWorld {
  /** As another server sees it. */
  readonly store: () => AlertStore;
  addJob(id: string, monitored?: { readonly failures: number }): Promise<void>;
  addSchedule(id: string, nextDueMs: number | null): Promise<void>;
  fire(
    scheduleId: string,
    firing: {
      readonly dueMs: number;
      readonly verdict: string;
      readonly nextDueMs: number | null;
      readonly message?: string;
      readonly runId?: string;
    },
  ): Promise<void>;
  /** Stores a run that has ended, as a server does that carried it out. */
  endRun(run: {
    readonly id: string;
    readonly status: RunStatus;
    readonly atMs: number;
    readonly account?: string;
    readonly task?: string;
    readonly jobId?: string;
    readonly succeeded?: number;
    readonly failed?: number;
    readonly message?: string;
    readonly causes?: readonly object[];
  }): Promise<void>;
  addWebhook(id: string, account?: string): Promise<void>;
  /** Runs that nobody has looked at. */
  waiting(): Promise<number>;
  close(): Promise<void>;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface Sent {
  readonly type: string;
  readonly data: Readonly<Record<string, string | null>>;
}

/** What every store of alerts promises, and what is told with it. */
export function describeAlertStore(name: string, open: () => Promise<AlertWorld>): void {
  describe(`alerts in ${name}`, () => {
    let world: AlertWorld;
    let store: AlertStore;
    let nowMs: number;
    let ids: number;
    let runs: number;
    let errors: unknown[];
    beforeEach(async () => {
      world = await open();
      store = world.store();
      // Rules are made by the clock of the store.
      nowMs = Date.now();
      [ids, runs, errors] = [0, 0, []];
      await world.addWebhook('whk_ops');
    });
    afterEach(async () => {
      await world.close();
      expect(errors).toEqual([]);
    });

    const server = (of = store): Alerts =>
      new Alerts({
        store: of,
        clock: {
          now: () => nowMs,
          sleep: async () => undefined,
          breathe: () => new Promise((resolve) => void setImmediate(resolve)),
        },
        makeId: (prefix) => `${prefix}_${(ids += 1)}`,
        makeStop: () => new AbortController(),
        publicUrl: 'https://rowmill.example.com',
        onTold: () => undefined,
        onError: (error) => errors.push(error),
      });

    async function rule(more: Partial<AlertRule> = {}): Promise<AlertRule> {
      const id = `alr_${(ids += 1)}`;
      const made = await store.create({
        id,
        accountId: 'acme',
        name: id,
        scope: { kind: 'account' },
        condition: { kind: 'failures', count: 1 },
        tellsRecovery: true,
        quietMs: 0,
        quietHours: undefined,
        channels: ['whk_ops'],
        isPaused: false,
        ...more,
      });
      if (made === undefined) throw new Error('its name is taken');
      return made;
    }

    /** Runs end one after the other, a second apart, and each is looked at. */
    async function end(
      statuses: readonly RunStatus[],
      facts: Partial<Parameters<AlertWorld['endRun']>[0]> = {},
    ): Promise<void> {
      for (const status of statuses) {
        nowMs += SECOND;
        runs += 1;
        await world.endRun({ id: `run_${runs}`, status, atMs: nowMs, ...facts });
        await server().judgeEnded();
      }
    }

    async function told(): Promise<readonly Sent[]> {
      const all = await store.deliveries('acme', { limit: 200 });
      return all
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ payload }) => JSON.parse(payload) as Sent);
    }
    const words = async () => (await told()).map(({ type, data }) => [type, data['summary']]);

    it('tell once of so many failures in a row, and once when it is over', async () => {
      await world.addJob('job_a');
      await rule({ condition: { kind: 'failures', count: 3 } });
      await end(['failure', 'failure', 'success', 'failure', 'internal_error'], { jobId: 'job_a' });
      expect(await words()).toEqual([]);
      await end(['failure', 'failure', 'failure'], { jobId: 'job_a' });
      expect(await words()).toEqual([
        ['alert.opened', 'job the job_a has failed 3 times in a row'],
      ]);
      // What somebody has stopped says nothing; another job is another matter.
      await end(['stopped']);
      await end(['success']);
      expect(await words()).toHaveLength(1);
      await end(['partial', 'success'], { jobId: 'job_a' });
      expect((await told()).map(({ type }) => type).toSorted()).toEqual([
        'alert.opened',
        'alert.resolved',
      ]);
      expect(await store.incidents('acme', { limit: 9 })).toMatchObject([
        { subject: 'job:job_a', resolvedAtMs: expect.any(Number), runId: 'run_6' },
      ]);
      expect(await world.waiting()).toBe(0);
    });

    it('say what a person needs: the run, why it failed, the first error, where to look', async () => {
      await rule({ name: 'ops' });
      const cause = { column: 'n', code: 'c', message: 'is no number', count: 7, firstRow: 3 };
      const facts = { succeeded: 0, failed: 7, message: 'too many failures', causes: [cause] };
      await end(['failure'], facts);
      const [message] = await told();
      expect(message?.data).toMatchObject({
        alert: 'ops',
        about: 'task:a/b',
        run_id: 'run_1',
        link: 'https://rowmill.example.com/v1/runs/run_1',
      });
      expect(message?.data['text']?.split('\n')).toEqual([
        'task a/b has failed',
        `Run run_1 ended ${new Date(nowMs).toISOString()} as failure: too many failures`,
        'Rows: 0 ok, 7 failed',
        'First error: row 3: is no number (7 rows)',
        'Look: https://rowmill.example.com/v1/runs/run_1',
        'Next: rowmill runs show run_1, rowmill runs errors run_1',
      ]);
    });

    it('tell once over two servers, whichever looks first', async () => {
      await rule();
      const servers = [server(world.store()), server(world.store())];
      for (let round = 1; round <= 20; round += 1) {
        const status = round % 2 === 1 ? 'failure' : 'success';
        await world.endRun({ id: `run_${round}`, status, atMs: nowMs + round });
        await Promise.all(servers.map((each) => each.judgeEnded()));
      }
      const types = (await told()).map(({ type }) => type);
      expect(types.filter((type) => type === 'alert.opened')).toHaveLength(10);
      expect(types.filter((type) => type === 'alert.resolved')).toHaveLength(10);
      await Promise.all([
        world.addSchedule('sch_a', nowMs),
        rule({
          scope: { kind: 'schedule', schedule: 'sch_a' },
          condition: { kind: 'late', after: 60 },
        }),
      ]);
      nowMs += HOUR;
      await Promise.all(servers.map((each) => each.judgeTimes()));
      await Promise.all(servers.map((each) => each.judgeTimes()));
      expect((await told()).filter(({ data }) => data['about'] === 'schedule:sch_a')).toHaveLength(
        1,
      );
    });

    it('watch over monitored jobs, each after as many failures as it says', async () => {
      await world.addJob('job_two', { failures: 2 });
      await world.addJob('job_none');
      await rule({ condition: { kind: 'monitored' } });
      await end(['failure', 'failure', 'failure'], { jobId: 'job_none' });
      await end(['failure'], { jobId: 'job_two' });
      expect(await words()).toEqual([]);
      await end(['failure'], { jobId: 'job_two' });
      expect(await words()).toEqual([
        ['alert.opened', 'job the job_two has failed 2 times in a row'],
      ]);
    });

    it('tell of runs without rows, and of too many failed rows', async () => {
      await rule({ condition: { kind: 'zero_rows' }, scope: { kind: 'task', task: 'a/b' } });
      await rule({ condition: { kind: 'error_rate', percent: 10 } });
      await end(['success'], { task: 'c/d', succeeded: 0 });
      await end(['success'], { succeeded: 9 });
      expect(await words()).toEqual([]);
      await end(['success'], { succeeded: 0 });
      await end(['partial'], { succeeded: 9, failed: 1 });
      expect(await words()).toEqual([['alert.opened', 'task a/b ended well and had no row']]);
      await end(['partial'], { succeeded: 8, failed: 2 });
      await end(['success'], { succeeded: 8 });
      expect(
        (await words()).map(([, summary]) => summary ?? '').toSorted((a, b) => (a < b ? -1 : 1)),
      ).toEqual([
        '0.0 % of the rows of task a/b failed (0 of 8)',
        '20.0 % of the rows of task a/b failed (2 of 10), more than 10 %',
        'task a/b ended well and had no row',
        'task a/b has rows again: 8',
      ]);
    });

    it('tell when a due time has passed and nothing ran, and when it runs again', async () => {
      const dueMs = nowMs + HOUR;
      await world.addSchedule('sch_a', dueMs);
      const scope = { kind: 'schedule', schedule: 'sch_a' } as const;
      await rule({ scope, condition: { kind: 'late', after: 900 } });
      const alerts = server();
      nowMs = dueMs + 14 * MINUTE;
      expect(await alerts.judgeTimes()).toBe(0);
      nowMs = dueMs + 16 * MINUTE;
      expect([await alerts.judgeTimes(), await alerts.judgeTimes()]).toEqual([1, 0]);
      const nextDueMs = dueMs + 24 * HOUR;
      const message = 'run run_x of it has not ended';
      await world.fire('sch_a', { dueMs, verdict: 'skipped_overlap', nextDueMs, message });
      expect(await alerts.judgeTimes()).toBe(0);
      await world.fire('sch_a', { dueMs: dueMs + HOUR, verdict: 'fired', nextDueMs });
      nowMs = dueMs + 2 * HOUR;
      expect(await alerts.judgeTimes()).toBe(1);
      const due = new Date(dueMs).toISOString();
      expect(await words()).toEqual([
        ['alert.opened', `schedule the sch_a did not run: it was due ${due}`],
        ['alert.resolved', expect.stringContaining('schedule the sch_a runs again')],
      ]);
      await world.fire('sch_a', { dueMs: nowMs, verdict: 'error', nextDueMs, message: 'gone' });
      nowMs += HOUR;
      await alerts.judgeTimes();
      expect((await told()).at(-1)?.data['text']).toContain(
        'What became of that time: error: gone',
      );
    });

    it('tell when nothing ran well for too long', async () => {
      await world.addJob('job_a');
      const scope = { kind: 'job', job: 'job_a' } as const;
      await rule({ scope, condition: { kind: 'no_success', within: 3600 } });
      const alerts = server();
      nowMs += 50 * MINUTE;
      expect(await alerts.judgeTimes()).toBe(0);
      await end(['success'], { jobId: 'job_a' });
      nowMs += 50 * MINUTE;
      await end(['failure'], { jobId: 'job_a' });
      expect(await alerts.judgeTimes()).toBe(0);
      nowMs += 20 * MINUTE;
      expect(await alerts.judgeTimes()).toBe(1);
      expect(await words()).toEqual([
        ['alert.opened', 'job the job_a has not run well for 70 min'],
      ]);
      await end(['success'], { jobId: 'job_a' });
      expect(await alerts.judgeTimes()).toBe(1);
      expect(await words()).toHaveLength(2);
    });

    it('are quiet behind one that was told, unless it lasts longer than that', async () => {
      await rule({ quietMs: 10 * MINUTE });
      const alerts = server();
      await end(['failure', 'success', 'failure', 'success', 'failure']);
      // The first and its end; the others are kept, and nobody is told.
      expect(await words()).toHaveLength(2);
      expect((await store.incidents('acme', { limit: 9 })).map(({ isMuted }) => isMuted)).toEqual([
        true,
        true,
        false,
      ]);
      nowMs += 9 * MINUTE;
      expect(await alerts.judgeTimes()).toBe(0);
      nowMs += 2 * MINUTE;
      expect([await alerts.judgeTimes(), await alerts.judgeTimes()]).toEqual([1, 0]);
      expect(await words()).toHaveLength(3);
      await end(['success']);
      expect((await words()).filter(([type]) => type === 'alert.resolved')).toHaveLength(2);
    });

    it('wait for the end of quiet hours', async () => {
      const at = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
      const quietHours = { from: at(nowMs - HOUR), to: at(nowMs + 2 * HOUR), zone: 'UTC' };
      await rule({ quietHours });
      const alerts = server();
      await end(['failure']);
      const [held] = await store.deliveries('acme', { limit: 1 });
      expect([held?.dueAtMs, at(held?.heldUntilMs ?? 0)]).toEqual([undefined, quietHours.to]);
      nowMs += HOUR;
      expect(await alerts.release()).toBe(0);
      nowMs += HOUR + MINUTE;
      expect([await alerts.release(), await alerts.release()]).toEqual([1, 0]);
      const [sent] = await store.deliveries('acme', { limit: 1 });
      expect(sent).toMatchObject({ heldUntilMs: undefined, dueAtMs: expect.any(Number) });
      await end(['success']);
      expect(
        (await store.deliveries('acme', { limit: 9 })).map((each) => each.heldUntilMs),
      ).toEqual([undefined, undefined]);
    });

    it('tell nobody of another account, of what is paused, or where recovery is not wanted', async () => {
      await world.addWebhook('whk_other', 'other');
      await rule({ isPaused: true });
      await rule({ channels: ['whk_other'] });
      const quiet = await rule({ tellsRecovery: false });
      await end(['failure'], { account: 'other' });
      expect(await world.waiting()).toBe(0);
      await end(['failure', 'success']);
      expect(await words()).toEqual([['alert.opened', 'task a/b has failed']]);
      expect(await store.deliveries('other', { limit: 9 })).toEqual([]);
      await store.delete(quiet.id);
      expect(await store.incidents('acme', { limit: 9, ruleId: quiet.id })).toEqual([]);
    });

    it('have one name each, are changed, and come in pages', async () => {
      const first = await rule({ name: 'one' });
      const second = await rule({ name: 'two' });
      await expect(rule({ name: 'one' })).rejects.toThrow('taken');
      expect(await store.update(second.id, { name: 'one' })).toBe(false);
      const change = { name: 'three', isPaused: true, quietMs: 5, quietHours: undefined };
      expect(await store.update(second.id, change)).toBe(true);
      expect(await store.find(second.id)).toEqual({ ...second, ...change });
      expect((await store.page('acme', { limit: 9, name: 'one' })).map(({ id }) => id)).toEqual([
        first.id,
      ]);
      const all = await store.page('acme', { limit: 9 });
      const [top] = all;
      if (top === undefined) throw new Error('there are none');
      const rest = await store.page('acme', { limit: 9, after: top });
      expect([top.id, ...rest.map(({ id }) => id)]).toEqual(all.map(({ id }) => id));
      expect(await store.page('other', { limit: 9 })).toEqual([]);
    });
  });
}
