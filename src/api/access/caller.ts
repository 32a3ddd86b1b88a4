import type { Context } from 'koa';

/** Where a request comes from, and whom it is for. */
export interface Caller {
  readonly address: string;
  /** The header Host. */
  readonly host: string;
  /** The header Origin; empty where there is none. */
  readonly origin: string;
  /** X-Rowmill-Account: an admin acts for this account. */
  readonly account: string;
}

export function callerOf(context: Context): Caller {
  return {
    address: context.ip,
    host: context.get('host'),
    origin: context.get('origin'),
    account: context.get('x-rowmill-account'),
  };
}

export function isAccountId(text: string): boolean {
  return /^[\w-][\w.-]{0,63}$/.test(text);
}
