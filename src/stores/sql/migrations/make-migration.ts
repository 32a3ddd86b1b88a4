import type { Migration } from 'kysely';

/** A migration for a database whose type for bytes is this. */
export type MakeMigration = (bytes: 'blob' | 'bytea') => Migration;
