import type { Scope } from '../engine/ports/key-store.ts';

export type { Scope };

/** Who calls. */
export interface Actor {
  /** Whose runs are meant. */
  readonly accountId: string;
  /** Who began the call, where a key acts for another account. */
  readonly authAccountId: string;
  /** Undefined on localhost without keys. */
  readonly keyId: string | undefined;
  readonly scopes: ReadonlySet<Scope>;
  /** Of a key that may only start what allows this role; it has no scope. */
  readonly role: string | undefined;
}

/** Whether the actor may do what needs a scope. */
export function mayDo(actor: Actor, scope: Scope): boolean {
  return actor.scopes.has('admin') || actor.scopes.has(scope);
}
