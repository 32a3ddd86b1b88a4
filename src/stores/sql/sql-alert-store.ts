import { sql, type Transaction } from 'kysely';
import type { AlertRule } from '../../engine/automation/alerts/alert-rule.ts';
import type {
  AlertChange,
  AlertDelivery,
  AlertIncident,
  AlertNotice,
  AlertStore,
  WatchedSubject,
} from '../../engine/ports/alert-store.ts';
import { storeError } from '../store-error.ts';
import { definitionJson, deliverNotice, incidentOf, ruleOf } from './alert-rows.ts';
import { mutedSubjects, rulesOf, standing } from './alert-standing.ts';
import { endedRun, recentEnds, subjectOf, watchedTime } from './alert-subjects.ts';
import type { StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';
import { deliveryOf } from './webhook-rows.ts';

type Db = Transaction<StoreSchema>;

/** Rules of alerts and their incidents in SQLite or PostgreSQL. */
export class SqlAlertStore implements AlertStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async create(rule: Omit<AlertRule, 'createdAtMs'>): Promise<AlertRule | undefined> {
    await this.#try(() =>
      this.#database.db
        .insertInto('alert_rules')
        .values({
          id: rule.id,
          account_id: rule.accountId,
          name: rule.name,
          definition: definitionJson(rule),
          is_paused: rule.isPaused ? 1 : 0,
          created_at: nowMs(this.#database),
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    return this.find(rule.id);
  }

  async find(ruleId: string): Promise<AlertRule | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('alert_rules')
        .selectAll()
        .where('id', '=', ruleId)
        .executeTakeFirst(),
    );
    return row && ruleOf(row);
  }

  async page(
    accountId: string,
    { limit, after, name }: Parameters<AlertStore['page']>[1],
  ): Promise<readonly AlertRule[]> {
    const rows = await this.#try(() => {
      let query = this.#database.db
        .selectFrom('alert_rules')
        .selectAll()
        .where('account_id', '=', accountId);
      if (name !== undefined) query = query.where('name', '=', name);
      if (after !== undefined) {
        query = query.where(sql<boolean>`(created_at, id) < (${after.createdAtMs}, ${after.id})`);
      }
      return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map(ruleOf);
  }

  async update(ruleId: string, change: Parameters<AlertStore['update']>[1]): Promise<boolean> {
    return this.#transact(async (db) => {
      const row = await db
        .selectFrom('alert_rules')
        .selectAll()
        .where('id', '=', ruleId)
        .executeTakeFirst();
      if (row === undefined) return true;
      const rule = { ...ruleOf(row), ...change };
      const other = await db
        .selectFrom('alert_rules')
        .select('id')
        .where('account_id', '=', rule.accountId)
        .where('name', '=', rule.name)
        .where('id', '<>', ruleId)
        .executeTakeFirst();
      if (other !== undefined) return false;
      await db
        .updateTable('alert_rules')
        .set({
          name: rule.name,
          definition: definitionJson(rule),
          is_paused: rule.isPaused ? 1 : 0,
        })
        .where('id', '=', ruleId)
        .execute();
      return true;
    });
  }

  async delete(ruleId: string): Promise<void> {
    await this.#try(() =>
      this.#database.db.deleteFrom('alert_rules').where('id', '=', ruleId).execute(),
    );
  }

  async incidents(
    accountId: string,
    { limit, after, ruleId, isOpen }: Parameters<AlertStore['incidents']>[1],
  ): Promise<readonly AlertIncident[]> {
    const rows = await this.#try(() => {
      let query = this.#database.db
        .selectFrom('alert_incidents')
        .selectAll()
        .where('account_id', '=', accountId);
      if (ruleId !== undefined) query = query.where('rule_id', '=', ruleId);
      if (isOpen !== undefined) query = query.where('resolved_at', isOpen ? 'is' : 'is not', null);
      if (after !== undefined) {
        query = query.where(sql<boolean>`(opened_at, id) < (${after.createdAtMs}, ${after.id})`);
      }
      return query.orderBy('opened_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map(incidentOf);
  }

  async deliveries(
    accountId: string,
    { limit, after }: Parameters<AlertStore['deliveries']>[1],
  ): Promise<readonly AlertDelivery[]> {
    const rows = await this.#try(() => {
      let query = this.#database.db
        .selectFrom('webhook_deliveries as message')
        .innerJoin('webhooks', 'webhooks.id', 'message.webhook_id')
        .selectAll('message')
        .select('webhooks.url')
        .where('webhooks.account_id', '=', accountId)
        .where('message.type', 'like', 'alert.%');
      if (after !== undefined) {
        query = query.where(
          sql<boolean>`(message.created_at, message.id) < (${after.createdAtMs}, ${after.id})`,
        );
      }
      return query
        .orderBy('message.created_at', 'desc')
        .orderBy('message.id', 'desc')
        .limit(limit)
        .execute();
    });
    return rows.map((row) => {
      const { webhookId, ...delivery } = deliveryOf(row);
      return Object.assign(delivery, {
        channel: webhookId,
        url: row.url,
        heldUntilMs: row.held_until ?? undefined,
      });
    });
  }

  async tell(rule: AlertRule, id: string, notice: AlertNotice): Promise<void> {
    await this.#transact((db) => this.#deliver(db, rule, { about: id, runId: undefined, notice }));
  }

  async judgeNext(judge: Parameters<AlertStore['judgeNext']>[0]): Promise<boolean> {
    // Most servers have no rule: nobody has to wait for that.
    if (!(await this.#hasEnded())) return false;
    return this.#inTurn(async (db) => {
      const next = await db
        .selectFrom('ended_runs')
        .selectAll()
        .orderBy('at')
        .orderBy('run_id')
        .limit(1)
        .executeTakeFirst();
      if (next === undefined) return false;
      const run = await endedRun(db, next.run_id);
      if (run !== undefined) {
        const watched = [];
        for (const rule of await rulesOf(db, run.accountId)) {
          const subject = subjectOf(rule, run);
          if (subject === undefined) continue;
          const { condition } = rule;
          const limit = condition.kind === 'failures' ? condition.count : (run.job?.failures ?? 1);
          const of = { subject, untilMs: run.finishedAtMs, limit };
          const recent = await recentEnds(db, rule, of);
          watched.push({ ...(await standing(db, rule, subject)), recent });
        }
        await this.#apply(db, judge(run, watched), watched);
      }
      await db.deleteFrom('ended_runs').where('run_id', '=', next.run_id).execute();
      return true;
    });
  }

  async judgeTimes(now: number, judge: Parameters<AlertStore['judgeTimes']>[1]): Promise<number> {
    return this.#inTurn(async (db) => {
      const watched = [];
      for (const rule of await rulesOf(db, undefined)) {
        const found = await watchedTime(db, rule, now);
        if (found !== undefined) {
          const { subject, time } = found;
          watched.push({ ...(await standing(db, rule, subject)), time });
          continue;
        }
        for (const subject of await mutedSubjects(db, rule)) {
          watched.push({ ...(await standing(db, rule, subject)), time: undefined });
        }
      }
      const changes = judge(watched);
      await this.#apply(db, changes, watched);
      return changes.length;
    });
  }

  async release(now: number): Promise<number> {
    const { numUpdatedRows } = await this.#try(() =>
      this.#database.db
        .updateTable('webhook_deliveries')
        .set({ due_at: nowMs(this.#database), held_until: null })
        .where('held_until', '<=', now)
        .executeTakeFirstOrThrow(),
    );
    return Number(numUpdatedRows);
  }

  async #hasEnded(): Promise<boolean> {
    const row = await this.#try(() =>
      this.#database.db.selectFrom('ended_runs').select('run_id').limit(1).executeTakeFirst(),
    );
    return row !== undefined;
  }

  async #apply(
    db: Db,
    changes: readonly AlertChange[],
    watched: readonly WatchedSubject[],
  ): Promise<void> {
    for (const change of changes) {
      const { incident, notice } = change;
      const isNew = await this.#keep(db, change);
      const rule = watched.find((each) => each.rule.id === incident.ruleId)?.rule;
      if (!isNew || notice === undefined || rule === undefined) continue;
      await this.#deliver(db, rule, { about: incident.id, runId: incident.runId, notice });
    }
  }

  /** Whether it was not kept before. */
  async #keep(db: Db, change: AlertChange): Promise<boolean> {
    const { incident } = change;
    if (change.kind === 'open') {
      const row = await db
        .insertInto('alert_incidents')
        .values({
          id: incident.id,
          rule_id: incident.ruleId,
          account_id: incident.accountId,
          subject: incident.subject,
          opened_at: incident.openedAtMs,
          run_id: incident.runId ?? null,
          summary: incident.summary,
          text: incident.text,
          is_muted: incident.isMuted ? 1 : 0,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    }
    const set = change.kind === 'resolve' ? { resolved_at: change.resolvedAtMs } : { is_muted: 0 };
    const { numUpdatedRows } = await db
      .updateTable('alert_incidents')
      .set(set)
      .where('id', '=', incident.id)
      .where('resolved_at', 'is', null)
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  #deliver(db: Db, rule: AlertRule, what: Omit<Parameters<typeof deliverNotice>[2], 'now'>) {
    return deliverNotice(db, rule, { ...what, now: nowMs(this.#database) });
  }

  /** One server after the other: what a run says is kept before the next is looked at. */
  #inTurn<Result>(work: (db: Db) => Promise<Result>): Promise<Result> {
    return this.#transact(async (db) => {
      await db
        .updateTable('alert_turns')
        .set({ count: sql<number>`count + 1` })
        .where('name', '=', 'judge')
        .execute();
      return work(db);
    });
  }

  #transact<Result>(work: (db: Db) => Promise<Result>): Promise<Result> {
    return this.#try(() => this.#database.db.transaction().execute(work));
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}
