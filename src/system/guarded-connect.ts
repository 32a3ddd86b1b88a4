import { lookup as lookUp, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';
import { AddressRefused, type AddressRules } from './public-address.ts';

/**
 * Connects only where the rules allow. The addresses that were checked are those that are connected to,
 * at each connection, redirects included: a name that points elsewhere the next moment gains nothing.
 */
export function guardedConnect(
  build: typeof buildConnector,
  rules: AddressRules,
  resolve: typeof lookUp = lookUp,
): buildConnector.connector {
  const connect = build({ lookup: guardedLookup(rules, resolve) });
  return (options, done) => {
    try {
      rules.refuseAddress(options.hostname);
    } catch (error) {
      done(error as AddressRefused, null);
      return;
    }
    connect(options, done);
  };
}

/** The addresses of a name that the rules allow. */
export function guardedLookup(
  rules: AddressRules,
  resolve: typeof lookUp = lookUp,
): LookupFunction {
  return (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) {
        done(error, '', 0);
        return;
      }
      const allowed = found.filter(({ address }) => rules.allows(host, address));
      const [first] = allowed;
      if (first === undefined) done(new AddressRefused(host), '', 0);
      else if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}
