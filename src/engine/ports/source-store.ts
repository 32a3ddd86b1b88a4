import type { ItemSourceDefinition, SourceItem } from '../automation/item-source.ts';

/** A source of an account, by its name. */
export interface StoredSource {
  readonly accountId: string;
  readonly name: string;
  readonly definition: ItemSourceDefinition;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Where sources live. */
export interface SourceStore {
  /** Makes one, or takes the place of the one before. */
  put(source: Pick<StoredSource, 'accountId' | 'name' | 'definition'>): Promise<StoredSource>;
  find(accountId: string, name: string): Promise<StoredSource | undefined>;
  /** In the order of their names, those behind `after`. */
  page(
    accountId: string,
    page: { readonly limit: number; readonly after: string | undefined },
  ): Promise<readonly StoredSource[]>;
  /** Whether there was one. */
  delete(accountId: string, name: string): Promise<boolean>;
}

/** Looks into what a source names. */
export interface SourceItems {
  /** In the order of their names. Throws `usage` with what is wrong where it cannot be looked into. */
  list(source: Pick<StoredSource, 'accountId' | 'definition'>): Promise<readonly SourceItem[]>;
}
