import type { ColumnType, Generated } from 'kysely';
import type { AlertSchema } from './alert-schema.ts';
import type { AutomationSchema } from './automation-schema.ts';
import type { QueueSchema } from './queue-schema.ts';
import type { SystemSchema } from './system-schema.ts';

/** Times are whole milliseconds since 1970, ids and JSON are text. */
export interface RunTable {
  readonly id: string;
  readonly account_id: string;
  readonly auth_account_id: string;
  readonly task: string;
  /** 1: it only waits for somebody else's work. */
  readonly is_call: Generated<number>;
  /** The RunRecord as JSON: what does not change. */
  readonly record: string;
  readonly status: string;
  readonly message: string | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  /** When the run may be carried out; null for one that was not started. */
  readonly due_at: number | null;
  /** When it was deleted, and can still be restored. */
  readonly deleted_at: Generated<number | null>;
  /** When a person said that the end of the run was seen. */
  readonly acknowledged_at: number | null;
  /** Name the user gave the input. */
  readonly file_name: string | null;
  /** The same in small letters, to be looked for. */
  readonly file_name_folded: string | null;
  /** The run whose rows it does again, or undoes, and the first of that line. */
  readonly parent_id: string | null;
  readonly root_id: string | null;
  /** 1: the run goes on although the code of its task has changed. */
  readonly accepts_new_code: Generated<number>;
  /** Why it could not be carried out, where that has a code. */
  readonly error_code: string | null;
  readonly succeeded: Generated<number>;
  readonly failed: Generated<number>;
  readonly elapsed_ms: Generated<number>;
  /** FailureCause[] as JSON. */
  readonly causes: Generated<string>;
  readonly input_byte: number | null;
  readonly row_number: number | null;
  readonly output_bytes: number | null;
  readonly line: number | null;
  /** RunHashes as JSON. */
  readonly hashes: string | null;
  /** What was asked of the run last, and its number: each ask is heard once. */
  readonly asked: string | null;
  readonly asked_number: Generated<number>;
  readonly answered_number: Generated<number>;
  /** Name of the place its files lie in: only a server that has it can carry it out. Null: any. */
  readonly place: string | null;
  /** The server that carries the run out, until its lease ends. */
  readonly holder: string | null;
  readonly lease_until: Generated<number>;
  /** Grows with each claim: who wrote with an older one has lost the run. */
  readonly fence: Generated<number>;
}

export interface CheckpointTable {
  readonly run_id: string;
  readonly input_byte: number;
  readonly row_number: number;
  readonly line: number;
  readonly output_bytes: number;
  readonly errors_bytes: number;
  readonly state: ColumnType<Uint8Array | ArrayBuffer | null, Uint8Array | null, Uint8Array | null>;
  readonly tail_sha256: string | null;
  readonly output_tail_sha256: string | null;
}

/** What happened to a run, numbered from 1 without gaps. */
export interface RunEventTable {
  readonly run_id: string;
  readonly number: number;
  readonly type: string;
  readonly at: number;
  /** JSON. */
  readonly data: string;
}

/** A request that named an idempotency key. */
interface IdempotentRequestTable {
  readonly account_id: string;
  readonly key_hash: string;
  /** What is known of the request before its body. */
  readonly head: string;
  readonly nonce: string;
  readonly body_hash: string | null;
  /** Null while the request is carried out. */
  readonly answer: string | null;
  readonly created_at: number;
  readonly holder: string;
  readonly lease_until: number;
}

/** Where an account wants to be called. */
export interface WebhookTable {
  readonly id: string;
  readonly account_id: string;
  readonly run_id: string | null;
  readonly url: string;
  /** WebhookEvent[] as JSON. */
  readonly events: string;
  readonly description: string | null;
  readonly secret: string;
  readonly old_secret: string | null;
  readonly old_secret_until: number | null;
  readonly is_enabled: Generated<number>;
  readonly disabled_reason: string | null;
  readonly failures: Generated<number>;
  readonly created_at: number;
}

export interface WebhookDeliveryTable {
  readonly id: string;
  readonly webhook_id: string;
  readonly run_id: string | null;
  readonly type: string;
  readonly payload: string;
  readonly status: string;
  readonly created_at: number;
  /** Of the next attempt, or of the end of the claim of who makes it; null when there is none. */
  readonly due_at: number | null;
  /** WebhookAttempt[] as JSON. */
  readonly attempts: Generated<string>;
  /** Waits for the end of quiet hours until then. */
  readonly held_until: Generated<number | null>;
}

/** A file that was sent, on its way to a run. */
export interface DraftTable {
  readonly id: string;
  readonly account_id: string;
  readonly auth_account_id: string;
  readonly path: string;
  /** Name of the place its file lies in. Null: any. */
  readonly place: string | null;
  /** Name, length and hash as JSON. */
  readonly file: string;
  /** DraftWishes as JSON. */
  readonly wishes: string;
  /** FileLook as JSON. */
  readonly found: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly expires_at: number;
  /** Grows with each check that is asked for, and with what makes one void. */
  readonly check_number: Generated<number>;
  /** The server that carries the check out. */
  readonly check_holder: string | null;
  readonly check_state: string | null;
  readonly check_asked_at: number | null;
  /** Counts, result and message as JSON. */
  readonly check_facts: string | null;
}

/** A key to the HTTP API. */
export interface ApiKeyTable {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  /** Scope[] as JSON. */
  readonly scopes: string;
  readonly role: string | null;
  readonly secret_hash: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
  readonly last_used_at: number | null;
}

/** Who changed what. */
export interface AuditTable {
  readonly id: string;
  readonly created_at: number;
  readonly account_id: string;
  readonly auth_account_id: string;
  readonly key_id: string | null;
  readonly request_id: string | null;
  readonly run_id: string | null;
  /** In whose name the run did it, where its job says so. */
  readonly run_as: string | null;
  readonly address: string | null;
  readonly action: string;
  readonly subject: string | null;
  readonly outcome: string;
  readonly code: string | null;
}

/** A job. What it is made of is in its versions. */
interface JobTable {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  /** Number of its last version. */
  readonly version: number;
  readonly is_archived: Generated<number>;
  /** Name of the executor of its last version. */
  readonly executor: Generated<string>;
  readonly created_at: number;
  /** The highest revision that a value of its storage has had. */
  readonly storage_revision: Generated<number>;
}

/** An executor of an account, by its name. */
export interface ExecutorTable {
  readonly account_id: string;
  readonly name: string;
  /** ExecutorDefinition as JSON. */
  readonly definition: string;
  readonly created_at: number;
  readonly updated_at: number;
}

interface JobVersionTable {
  readonly job_id: string;
  readonly number: number;
  /** JobDefinition as JSON. */
  readonly definition: string;
  /** ScriptFile[] as JSON. */
  readonly files: string;
  readonly script_md5: string | null;
  readonly script_sha256: string | null;
  readonly created_at: number;
  readonly created_by: string;
}

/** Which run is of which job. */
interface JobRunTable {
  readonly run_id: string;
  readonly job_id: string;
  readonly version: number;
  readonly trigger_kind: string;
  /** Account and key of who has started it; null for runs of earlier releases. */
  readonly started_account_id: string | null;
  readonly started_key_id: string | null;
  /** JSON. */
  readonly input: string;
  /** 1: it waits in a queue, and has not been begun. */
  readonly is_waiting: Generated<number>;
  readonly created_at: number;
}

/** A secret of an account, by its name. */
export interface SecretTable {
  readonly account_id: string;
  readonly name: string;
  readonly sealed: string;
  /** 1: it is JSON, and scripts are given it as such. */
  readonly is_json: Generated<number>;
  /** Grows each time it is set. */
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
}

/** What came of a run of a script. */
interface JobResultTable {
  readonly run_id: string;
  readonly result_code: string;
  readonly message: string | null;
  /** What it printed and logged, as JSON. */
  readonly printed: string;
  /** The rest of its ScriptReport as JSON. */
  readonly facts: string;
}

/** What a job keeps between its runs. */
export interface JobStorageTable {
  readonly job_id: string;
  readonly key: string;
  /** JSON. */
  readonly value: string;
  readonly revision: number;
  /** Of the JSON. */
  readonly bytes: number;
  readonly updated_at: number;
  readonly expires_at: number | null;
}

/** A call of a service. */
interface ServiceCallTable {
  readonly run_id: string;
  /** Of the service, while no other call may be made; one has it at a time. */
  readonly lock_name: string | null;
  /** When its timeout is over. */
  readonly until: number;
}

/** What is known of a run of a handler. */
interface EntityRunTable {
  readonly run_id: string;
  readonly phase: string;
  readonly status: string;
  readonly text: string;
  /** JSON. */
  readonly kept: string | null;
  /** Sealed. */
  readonly token: string | null;
  readonly started_at: number | null;
  readonly result_text: string | null;
  readonly content: Uint8Array | null;
}

/** Events of runs that are to be told. */
interface UntoldEventTable {
  readonly run_id: string;
  readonly number: number;
}

/** All tables of the store. */
export interface StoreSchema extends AlertSchema, AutomationSchema, QueueSchema, SystemSchema {
  readonly runs: RunTable;
  readonly checkpoints: CheckpointTable;
  readonly run_events: RunEventTable;
  readonly idempotent_requests: IdempotentRequestTable;
  readonly webhooks: WebhookTable;
  readonly webhook_deliveries: WebhookDeliveryTable;
  readonly drafts: DraftTable;
  readonly api_keys: ApiKeyTable;
  readonly audit: AuditTable;
  readonly jobs: JobTable;
  readonly job_versions: JobVersionTable;
  readonly job_runs: JobRunTable;
  readonly secrets: SecretTable;
  readonly executors: ExecutorTable;
  readonly job_results: JobResultTable;
  readonly job_storage: JobStorageTable;
  readonly service_calls: ServiceCallTable;
  readonly entity_runs: EntityRunTable;
  readonly untold_events: UntoldEventTable;
}
