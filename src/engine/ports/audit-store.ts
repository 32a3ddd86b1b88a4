/** A change, or an attempt at one: who, what, of what, and what came of it. */
export interface AuditEntry {
  readonly id: string;
  readonly createdAtMs: number;
  readonly accountId: string;
  /** Who began it, where a key acts for another account. */
  readonly authAccountId: string;
  /** Undefined on localhost without keys, and for the command line. */
  readonly keyId: string | undefined;
  readonly requestId: string | undefined;
  /** The run that did it; undefined for what was asked for. */
  readonly runId: string | undefined;
  /** In whose name that run is, where its job says so. */
  readonly runAs: string | undefined;
  /** IP address of who called; undefined for the command line. */
  readonly address: string | undefined;
  /** The operation, as the description of the API names it: `createRun`. */
  readonly action: string;
  /** Id of what it was done to, or of what it made. */
  readonly subject: string | undefined;
  /** `refused`: the caller was told no (4xx); `failed`: the server could not (5xx). */
  readonly outcome: 'done' | 'refused' | 'failed';
  /** Code of the problem, where there was one. */
  readonly code: string | undefined;
}

/** An entry, but for its time, under the names that it has in tables and on the wire. */
export function auditWords(entry: Omit<AuditEntry, 'createdAtMs'>) {
  return {
    id: entry.id,
    account_id: entry.accountId,
    auth_account_id: entry.authAccountId,
    key_id: entry.keyId ?? null,
    request_id: entry.requestId ?? null,
    run_id: entry.runId ?? null,
    run_as: entry.runAs ?? null,
    address: entry.address ?? null,
    action: entry.action,
    subject: entry.subject ?? null,
    outcome: entry.outcome,
    code: entry.code ?? null,
  };
}

interface AuditFilter {
  readonly accountId: string;
  readonly keyId?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  readonly runId?: string | undefined;
  readonly outcome?: AuditEntry['outcome'] | undefined;
  /** Not before this. */
  readonly sinceMs?: number | undefined;
  /** Before this. */
  readonly untilMs?: number | undefined;
}

/** Where the lines of the audit live. None is ever changed. */
export interface AuditStore {
  append(entry: Omit<AuditEntry, 'createdAtMs'>): Promise<void>;
  /** Newest first. */
  page(
    filter: AuditFilter,
    page: {
      readonly limit: number;
      readonly after?: { readonly createdAtMs: number; readonly id: string } | undefined;
    },
  ): Promise<readonly AuditEntry[]>;
}
