import { sql } from 'kysely';
import { JOB_STATUSES } from '../../engine/handlers/define-handler.ts';
import type {
  EntityPhase,
  EntityRun,
  EntityRunChange,
  EntityRunStore,
} from '../../engine/ports/entity-run-store.ts';
import { storeError } from '../store-error.ts';
import type { SqlDatabase } from './sql-database.ts';

/** Runs of handlers in SQLite or PostgreSQL. */
export class SqlEntityRunStore implements EntityRunStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async create({ runId, token }: Pick<EntityRun, 'runId' | 'token'>): Promise<void> {
    const values = { phase: 'waiting', status: 'not started', text: '', token: token ?? null };
    await this.#try(() =>
      this.#database.db
        .insertInto('entity_runs')
        .values({ ...values, run_id: runId })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async find(runId: string): Promise<EntityRun | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('entity_runs')
        .select(['run_id', 'phase', 'status', 'text', 'kept', 'token', 'started_at', 'result_text'])
        .select(sql<number | null>`length(content)`.as('bytes'))
        .where('run_id', '=', runId)
        .executeTakeFirst(),
    );
    if (row === undefined) return undefined;
    return {
      runId: row.run_id,
      phase: row.phase as EntityPhase, // written below
      status: JOB_STATUSES.find((status) => status === row.status) ?? 'unknown',
      text: row.text,
      kept: row.kept === null ? undefined : (JSON.parse(row.kept) as unknown),
      token: row.token ?? undefined,
      startedAtMs: row.started_at ?? undefined,
      resultText: row.result_text ?? undefined,
      resultBytes: row.bytes ?? undefined,
    };
  }

  async save(runId: string, change: EntityRunChange): Promise<void> {
    const { phase, status, text, startedAtMs, resultText, content } = change;
    const set = {
      run_id: runId,
      ...(phase === undefined ? {} : { phase }),
      ...(status === undefined ? {} : { status }),
      ...(text === undefined ? {} : { text }),
      ...('kept' in change ? { kept: JSON.stringify(change.kept ?? null) } : {}),
      ...('token' in change ? { token: change.token ?? null } : {}),
      ...(startedAtMs === undefined ? {} : { started_at: startedAtMs }),
      ...(resultText === undefined ? {} : { result_text: resultText }),
      ...(content === undefined ? {} : { content: Buffer.from(content) }),
    };
    await this.#try(() =>
      this.#database.db.updateTable('entity_runs').set(set).where('run_id', '=', runId).execute(),
    );
  }

  async content(runId: string): Promise<Uint8Array | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('entity_runs')
        .select('content')
        .where('run_id', '=', runId)
        .executeTakeFirst(),
    );
    const content = row?.content ?? undefined;
    return content === undefined ? undefined : new Uint8Array(content);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}
