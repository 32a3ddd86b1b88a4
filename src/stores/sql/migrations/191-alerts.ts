import { sql, type Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Rules of alerts, what they found, and the runs that they have not looked at. */
export const alerts: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('alert_rules')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('is_paused', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('alert_rules_named_once', ['account_id', 'name'])
      .execute();
    await db.schema
      .createTable('alert_incidents')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('rule_id', 'text', (column) =>
        column.notNull().references('alert_rules.id').onDelete('cascade'),
      )
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('opened_at', 'bigint', (column) => column.notNull())
      .addColumn('resolved_at', 'bigint')
      .addColumn('run_id', 'text')
      .addColumn('summary', 'text', (column) => column.notNull())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('is_muted', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    // One at a time of a rule and what it is about, in the whole cluster.
    await db.schema
      .createIndex('alert_incidents_open_once')
      .unique()
      .on('alert_incidents')
      .columns(['rule_id', 'subject'])
      .where(sql.ref('resolved_at'), 'is', null)
      .execute();
    await db.schema
      .createIndex('alert_incidents_of_account')
      .on('alert_incidents')
      .columns(['account_id', 'opened_at', 'id'])
      .execute();
    await db.schema
      .createTable('ended_runs')
      .addColumn('run_id', 'text', (column) =>
        column.primaryKey().references('runs.id').onDelete('cascade'),
      )
      .addColumn('at', 'bigint', (column) => column.notNull())
      .execute();
    // Who changes this row decides, and the others wait.
    await db.schema
      .createTable('alert_turns')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('count', 'bigint', (column) => column.notNull())
      .execute();
    await sql`insert into alert_turns (name, count) values ('judge', 0)`.execute(db);
    await db.schema
      .createIndex('runs_of_task_by_end')
      .on('runs')
      .columns(['account_id', 'task', 'finished_at'])
      .execute();
    await db.schema.alterTable('webhook_deliveries').addColumn('held_until', 'bigint').execute();
  },
});
