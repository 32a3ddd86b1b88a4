import { RowmillError } from '../errors.ts';
import { didYouMean } from '../nearest-names.ts';
import type { Handler } from './define-handler.ts';
import type { References } from './define-references.ts';
import { httpReferences } from './http-references.ts';

/** A handler, and where it came from. */
export interface RegisteredHandler {
  readonly handler: Handler;
  readonly language: HandlerLanguage;
  /** For people. */
  readonly origin: string;
}

export const HANDLER_LANGUAGES = ['built in', 'javascript', 'python', 'typescript'] as const;

type HandlerLanguage = (typeof HANDLER_LANGUAGES)[number];

/** The origin of what is built in. */
export const BUILT_IN = 'rowmill';

/** Handlers by the types they support, and what stands behind addresses. */
export class HandlerRegistry {
  readonly #handlers = new Map<string, RegisteredHandler>();
  readonly #references = new Map<
    string,
    { readonly references: References; readonly origin: string }
  >();

  constructor() {
    this.#addBuiltInReferences(httpReferences);
  }

  /** The same and more: what is added to one is not in the other. */
  copy(): HandlerRegistry {
    const copy = new HandlerRegistry();
    for (const [type, handler] of this.#handlers) copy.#handlers.set(type, handler);
    for (const [scheme, known] of this.#references) copy.#references.set(scheme, known);
    return copy;
  }

  /** Throws `usage` where a type has a handler already, naming both sources. */
  add(handler: Handler, origin: string): void {
    for (const type of handler.supportedTypes) {
      const other = this.#handlers.get(type);
      if (other !== undefined) {
        const message = `two handlers support ${type}: one of ${other.origin}, one of ${origin}`;
        throw new RowmillError('usage', message);
      }
      this.#handlers.set(type, { handler, origin, language: languageOf(origin) });
    }
  }

  /** For the types that no other handler has: what an operator has put there goes before it. */
  addBuiltIn(handler: Handler): void {
    const free = handler.supportedTypes.filter((type) => !this.#handlers.has(type));
    if (free.length > 0) this.add({ ...handler, supportedTypes: free }, BUILT_IN);
  }

  /** In the place of what is built in. Throws `usage` where a plugin reads a scheme already, naming both sources. */
  addReferences(references: References, origin: string): void {
    for (const scheme of references.schemes) {
      const other = this.#references.get(scheme);
      if (other !== undefined && other.origin !== BUILT_IN) {
        const message = `addresses ${scheme}://… are read by ${other.origin} and by ${origin}`;
        throw new RowmillError('usage', message);
      }
      this.#references.set(scheme, { references, origin });
    }
  }

  /** Who reads addresses, by their schemes. */
  addresses(): readonly { readonly schemes: readonly string[]; readonly origin: string }[] {
    const byOrigin = new Map<string, string[]>();
    for (const [scheme, { origin }] of this.#references) {
      byOrigin.set(origin, [...(byOrigin.get(origin) ?? []), scheme]);
    }
    return [...byOrigin].map(([origin, schemes]) => ({ origin, schemes }));
  }

  /** Throws `usage` with near types. */
  find(type: string): Handler {
    const found = this.#handlers.get(type);
    if (found !== undefined) return found.handler;
    const known = [...this.#handlers.keys()];
    const there = known.length === 0 ? ' This server has no handlers (--handlers).' : '';
    const message = `no handler supports ${JSON.stringify(type)}.${didYouMean(type, known)}${there}`;
    throw new RowmillError('usage', message);
  }

  #addBuiltInReferences(references: References): void {
    for (const scheme of references.schemes) {
      this.#references.set(scheme, { references, origin: BUILT_IN });
    }
  }

  list(): readonly RegisteredHandler[] {
    return [...new Map([...this.#handlers.values()].map((each) => [each.handler, each])).values()];
  }

  /** Whether something can be written to an address. */
  writes(address: string): boolean {
    return this.#references.get(schemeOf(address))?.references.write !== undefined;
  }

  /** What stands behind an address. Throws `usage` for a scheme that nobody reads. */
  referencesOf(address: string): References {
    const found = this.#references.get(schemeOf(address));
    if (found !== undefined) return found.references;
    const known = [...this.#references.keys()].map((each) => `${each}://`).join(', ');
    throw new RowmillError('usage', `${address}: expected an address that begins with ${known}`);
  }
}

function schemeOf(address: string): string {
  return /^([a-z][a-z\d+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase() ?? '';
}

function languageOf(file: string): HandlerLanguage {
  if (file.endsWith('.py')) return 'python';
  if (/\.[cm]?ts$/.test(file)) return 'typescript';
  return /\.[cm]?js$/.test(file) ? 'javascript' : 'built in';
}

/** The address that an input refers to; undefined for one that is what it is. */
export function addressOf(input: unknown): string | undefined {
  if (typeof input === 'string') return /^[a-z][a-z\d+.-]*:\/\//i.test(input) ? input : undefined;
  if (typeof input !== 'object' || input === null) return undefined;
  return 'address' in input && typeof input.address === 'string' ? input.address : undefined;
}
