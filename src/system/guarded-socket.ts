import { connect, type Socket } from 'node:net';
import { guardedLookup } from './guarded-connect.ts';
import type { AddressRules } from './public-address.ts';

/** Opens sockets to where the rules allow, by name or by address. */
export class GuardedSockets {
  readonly #rules: AddressRules;

  constructor(rules: AddressRules) {
    this.#rules = rules;
  }

  /** Throws AddressRefused for a host that is written as an address and not allowed. */
  refuse(host: string): void {
    this.#rules.refuseAddress(host);
  }

  /** A socket that is connected. */
  async connect(host: string, port: number, withinMs: number): Promise<Socket> {
    this.refuse(host);
    // Small messages that are waited for: none is held back.
    const socket = connect({ host, port, noDelay: true, lookup: guardedLookup(this.#rules) });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        socket.destroy(new Error(`no answer within ${withinMs / 1_000} s`));
      }, withinMs);
      socket.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.removeAllListeners('error');
        resolve(socket);
      });
    });
  }
}
