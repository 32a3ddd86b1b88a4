import { BlockList, isIP } from 'node:net';

/** IPv4 networks that are not of the public internet (IANA special-purpose registry), each with its use. */
const NOT_PUBLIC: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carrier-grade NAT; a cloud's metadata at 100.100.100.200
  ['127.0.0.0', 8], // loopback
  ['168.63.129.16', 32], // Azure's host, which answers from within only
  ['169.254.0.0', 16], // link-local; clouds' metadata at 169.254.169.254
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments; a cloud's metadata at 192.0.0.192
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
];

/** Notations of IPv4 within IPv6: what stands behind them decides. */
const CARRIERS = ['::ffff:', '64:ff9b::'];

/** Of IPv6, what is refused within 2000::/3; all that is outside of it is not public anyway. */
const NOT_PUBLIC_6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23], // protocol assignments, Teredo: it carries IPv4
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4: it carries IPv4
  ['3fff::', 20], // documentation
];

const refused = new BlockList();
const global6 = new BlockList();
for (const [network, prefix] of NOT_PUBLIC) {
  refused.addSubnet(network, prefix, 'ipv4');
  for (const carrier of CARRIERS) refused.addSubnet(`${carrier}${network}`, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of NOT_PUBLIC_6) refused.addSubnet(network, prefix, 'ipv6');
global6.addSubnet('2000::', 3, 'ipv6');
for (const carrier of CARRIERS) global6.addSubnet(`${carrier}0.0.0.0`, 96, 'ipv6');

/** Whether an IP address is one of the public internet. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused.check(address, 'ipv4');
    case 6:
      return global6.check(address, 'ipv6') && !refused.check(address, 'ipv6');
    default:
      return false;
  }
}

/** A host that must not be reached from here. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  readonly code = 'ADDRESS_REFUSED';

  constructor(host: string) {
    // Where it lies is not said: a name of an inner network is nobody's business.
    super(`${host} has no public address: this server does not call it (allowAddresses)`);
  }
}

/** Which addresses may be reached: those of the public internet, and what is allowed beside them. */
export class AddressRules {
  readonly #all: boolean;
  readonly #names: ReadonlySet<string>;
  readonly #networks = new BlockList();

  /** Names of hosts, addresses, networks such as `10.1.0.0/16`; `*` for all. Throws a TypeError that names a wrong one. */
  constructor(allowed: readonly string[]) {
    this.#all = allowed.includes('*');
    const names = new Set<string>();
    for (const each of allowed) {
      const [, network = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(each) ?? [];
      const version = isIP(network);
      const bits = version === 4 ? 32 : 128;
      if (version !== 0 && Number(prefix ?? bits) <= bits) {
        this.#networks.addSubnet(network, Number(prefix ?? bits), version === 4 ? 'ipv4' : 'ipv6');
      } else if (/^[a-z\d_](?:[a-z\d._-]*[a-z\d])?$/i.test(each)) {
        names.add(each.toLowerCase());
      } else if (each !== '*') {
        throw new TypeError(`${JSON.stringify(each)} is no host, address or network`);
      }
    }
    this.#names = names;
  }

  /** Whether a host may be reached at an address that its name stands for. */
  allows(host: string, address: string): boolean {
    return (
      this.#all ||
      isPublicAddress(address) ||
      this.#names.has(host.toLowerCase().replace(/\.$/, '')) ||
      this.#networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
    );
  }
  /**
   * Throws AddressRefused for a host that is written as an address and not allowed. A name is looked at
   * when it is resolved, to connect.
   */
  refuseAddress(hostname: string): void {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0 && !this.allows(host, host)) throw new AddressRefused(host);
  }
}
