/** What reading or writing at an address works with. */
export interface ReferenceContext {
  /** Of the job. */
  readonly token: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
}

/** What stands behind addresses of some schemes, as its author writes it. */
export interface ReferencesDefinition {
  /** `dmss` for addresses such as `dmss://DataSource/$123`. */
  readonly schemes: readonly string[];
  /** The value at an address: JSON, or a text. */
  resolve(address: string, context: ReferenceContext): Promise<unknown>;
  /** Writes the result of a job to an address. Without it no result goes there. */
  write?(address: string, content: Uint8Array, context: ReferenceContext): Promise<void>;
}

export type References = ReferencesDefinition;

/** Known by name in every copy of this package. */
const REFERENCES = Symbol.for('rowmill.references');

/** Says how addresses of some schemes are read and written. Throws a TypeError with every fault it finds. */
export function defineReferences(definition: ReferencesDefinition): References {
  const { schemes } = definition;
  const faults: string[] = [];
  const areSchemes =
    Array.isArray(schemes) &&
    schemes.length > 0 &&
    schemes.every((scheme) => typeof scheme === 'string' && /^[a-z][a-z\d+.-]*$/.test(scheme));
  if (!areSchemes)
    faults.push(`schemes is ${JSON.stringify(schemes)}: expected names such as dmss`);
  if (typeof definition.resolve !== 'function') faults.push('resolve is no function');
  if (definition.write !== undefined && typeof definition.write !== 'function') {
    faults.push('write is no function');
  }
  if (faults.length > 0) throw new TypeError(`references are wrong: ${faults.join('; ')}`);
  const references = { ...definition };
  return Object.freeze(Object.defineProperty(references, REFERENCES, { value: true }));
}

/** Whether an export of a module says how addresses are read, of this copy of the package or another one. */
export function isReferences(value: unknown): value is References {
  return typeof value === 'object' && value !== null && REFERENCES in value;
}
