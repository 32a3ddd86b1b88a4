/** A source of a server, for a person. */
export interface ShownSource {
  readonly name: string;
  readonly source: Readonly<Record<string, unknown>> & { readonly kind: string };
}

/** One of what a source has. */
export interface ShownItem {
  readonly name: string;
  readonly class: string;
}

/** The sources of a server. */
export interface SourceDesk {
  list(): Promise<readonly ShownSource[]>;
  /** As the HTTP API takes it. */
  set(name: string, source: unknown): Promise<ShownSource>;
  /** `classes`: with commas between; undefined for all. */
  items(name: string, classes: string | undefined): Promise<readonly ShownItem[]>;
  remove(name: string): Promise<void>;
}
