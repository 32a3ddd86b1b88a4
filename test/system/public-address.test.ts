import type { LookupAddress } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { Agent, buildConnector, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardedConnect } from '../../src/system/guarded-connect.ts';
import { makePooledFetch } from '../../src/system/pooled-fetch.ts';
import { AddressRules, isPublicAddress } from '../../src/system/public-address.ts';

describe('an address of the public internet', () => {
  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '::ffff:1.1.1.1',
    '64:ff9b::1.1.1.1',
  ])('is %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.1.1',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '0:0:0:0:0:ffff:a00:1',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'localhost',
    '',
    '127.1',
    '0177.0.0.1',
  ])('is not %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('is the same behind each notation of IPv4 in IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const isPublic = isPublicAddress(address);
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublic);
        expect(isPublicAddress(`64:ff9b::${address}`)).toBe(isPublic);
      }),
    );
  });
});

describe('the rules for addresses', () => {
  it('allow a host by name, an address, a network, or all', () => {
    const rules = new AddressRules(['db.Internal', '10.1.0.0/16', '::1', '192.168.0.7']);
    expect(rules.allows('DB.internal.', '10.9.9.9')).toBe(true);
    expect(rules.allows('other', '10.1.2.3')).toBe(true);
    expect(rules.allows('other', '10.2.2.3')).toBe(false);
    expect(rules.allows('::1', '::1')).toBe(true);
    expect(rules.allows('x', '192.168.0.8')).toBe(false);
    expect(new AddressRules(['*']).allows('x', '127.0.0.1')).toBe(true);
  });

  it.each(['10.0.0.0/33', 'http://x', '-', 'a/b', '10.0.0.0/'])('refuse the entry %s', (entry) => {
    expect(() => new AddressRules([entry])).toThrow(entry);
  });
});

describe('fetch under rules', () => {
  let server: Server;
  let port = 0;
  let calls = 0;

  beforeAll(async () => {
    server = createServer((request, response) => {
      calls += 1;
      if (request.url === '/moved') {
        response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
      } else response.end('private');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    ({ port } = server.address() as AddressInfo);
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each(['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '[::1]', '0'])(
    'does not connect to %s',
    async (host) => {
      const before = calls;
      for (const redirect of ['manual', 'follow'] as const) {
        const failed: unknown = await makePooledFetch(new AddressRules([]))(
          `http://${host}:${port}/`,
          { redirect },
        ).catch((error: unknown) => error);
        const { cause = failed } = failed as { readonly cause?: unknown };
        expect(cause).toMatchObject({ code: 'ADDRESS_REFUSED' });
      }
      expect(calls).toBe(before);
    },
  );

  it('connects to what is allowed', async () => {
    const guarded = makePooledFetch(new AddressRules(['127.0.0.0/8']));
    const response = await guarded(`http://127.0.0.1:${port}/`, { redirect: 'manual' });
    expect(await response.text()).toBe('private');
  });

  it('does not follow a redirect to a private address', async () => {
    const before = calls;
    const guarded = makePooledFetch(new AddressRules(['localhost']));
    await expect(guarded(`http://localhost:${port}/moved`)).rejects.toThrow('fetch failed');
    expect(calls).toBe(before + 1);
  });

  it('connects to none but the checked addresses, whatever a name stands for the next time', async () => {
    const before = calls;
    const answers: LookupAddress[][] = [
      [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ],
    ];
    let asked = 0;
    const resolve = ((
      _host: string,
      _options: unknown,
      done: (error: null, found: readonly LookupAddress[]) => void,
    ) => {
      asked += 1;
      done(null, answers[0] ?? []);
    }) as never;
    const connect = guardedConnect(buildConnector, new AddressRules([]), resolve);
    const dispatcher = new Agent({ connect });
    await expect(
      undiciFetch(`http://rebound.example:${port}/`, { dispatcher }),
    ).rejects.toMatchObject({ cause: { code: 'ADDRESS_REFUSED' } });
    expect([asked, calls]).toEqual([1, before]);
    await dispatcher.close();
  });
});
