import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry, AuditStore } from '../../src/engine/ports/audit-store.ts';

/** An audit of its own for each test. */
export interface AuditStoreWorld {
  readonly audit: AuditStore;
  close(): Promise<void>;
}

function entryOf(id: string, more: Partial<AuditEntry> = {}): Omit<AuditEntry, 'createdAtMs'> {
  return {
    id,
    accountId: 'acme',
    authAccountId: 'boss',
    keyId: 'key_a',
    requestId: 'req_1',
    runId: undefined,
    runAs: undefined,
    address: '192.0.2.7',
    action: 'stopRun',
    subject: 'run_a',
    outcome: 'done',
    code: undefined,
    ...more,
  };
}

/** What every audit promises. */
export function describeAuditStore(name: string, open: () => Promise<AuditStoreWorld>): void {
  describe(`the audit in ${name}`, () => {
    let world: AuditStoreWorld;
    let audit: AuditStore;
    beforeEach(async () => {
      world = await open();
      ({ audit } = world);
    });
    afterEach(() => world.close());

    const idsOf = async (filter: Omit<Parameters<AuditStore['page']>[0], 'accountId'>) =>
      (await audit.page({ accountId: 'acme', ...filter }, { limit: 10 }))
        .map(({ id }) => id)
        .toSorted();

    it('gives lines back as they were written, with the time of the store', async () => {
      const full = entryOf('aud_1', { runId: 'run_a', code: 'wrong_status', outcome: 'refused' });
      const bare = entryOf('aud_2', {
        keyId: undefined,
        requestId: undefined,
        address: undefined,
        subject: undefined,
      });
      await audit.append(full);
      await audit.append(bare);
      const lines = await audit.page({ accountId: 'acme' }, { limit: 10 });
      for (const [id, entry] of [
        ['aud_1', full],
        ['aud_2', bare],
      ] as const) {
        expect(lines.find((line) => line.id === id)).toEqual({
          ...entry,
          createdAtMs: expect.any(Number),
        });
      }
      for (const { createdAtMs } of lines) {
        expect(Math.abs(createdAtMs - Date.now())).toBeLessThan(60_000);
      }
    });

    it('never changes a line: one of the same id is refused', async () => {
      await audit.append(entryOf('aud_1'));
      await expect(audit.append(entryOf('aud_1', { subject: 'run_b' }))).rejects.toThrow();
      expect(await idsOf({ subject: 'run_a' })).toEqual(['aud_1']);
    });

    it('tells an account its own lines only, newest first, in pages', async () => {
      for (const id of ['aud_1', 'aud_2', 'aud_3', 'aud_4', 'aud_5']) {
        await audit.append(entryOf(id));
      }
      await audit.append(entryOf('aud_other', { accountId: 'other', authAccountId: 'acme' }));
      const whole = await audit.page({ accountId: 'acme' }, { limit: 10 });
      expect(whole).toHaveLength(5);
      expect(whole).toEqual(
        whole.toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1)),
      );
      const paged = [];
      for (let after = undefined as AuditEntry | undefined; ;) {
        const page = await audit.page({ accountId: 'acme' }, { limit: 2, after });
        paged.push(...page);
        after = page.at(-1);
        if (after === undefined) break;
      }
      expect(paged).toEqual(whole);
    });

    it('is asked by key, action, subject, run, outcome and time', async () => {
      await audit.append(entryOf('aud_1'));
      await audit.append(
        entryOf('aud_2', {
          keyId: 'key_b',
          action: 'startRun',
          subject: 'run_b',
          runId: 'run_b',
          outcome: 'failed',
        }),
      );
      expect(await idsOf({ keyId: 'key_b' })).toEqual(['aud_2']);
      expect(await idsOf({ action: 'stopRun' })).toEqual(['aud_1']);
      expect(await idsOf({ subject: 'run_b' })).toEqual(['aud_2']);
      expect(await idsOf({ runId: 'run_b' })).toEqual(['aud_2']);
      expect(await idsOf({ outcome: 'done' })).toEqual(['aud_1']);
      expect(await idsOf({ keyId: 'key_b', action: 'stopRun' })).toEqual([]);
      const [{ createdAtMs } = { createdAtMs: 0 }] = await audit.page(
        { accountId: 'acme', subject: 'run_b' },
        { limit: 1 },
      );
      expect(await idsOf({ subject: 'run_b', sinceMs: createdAtMs })).toEqual(['aud_2']);
      expect(await idsOf({ subject: 'run_b', sinceMs: createdAtMs + 1 })).toEqual([]);
      expect(await idsOf({ subject: 'run_b', untilMs: createdAtMs })).toEqual([]);
      expect(await idsOf({ subject: 'run_b', untilMs: createdAtMs + 1 })).toEqual(['aud_2']);
    });
  });
}
