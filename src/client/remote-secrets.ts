import type { SecretFacts } from '../engine/ports/secret-store.ts';
import { secretName } from '../engine/task/secret-names.ts';
import type { ApiClient } from './api-client.ts';

interface SecretWire {
  readonly name: string;
  readonly version: number;
  readonly json: boolean;
  readonly key_id: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** The secrets of an account on a server: without `account` those of the key's. */
export class RemoteSecrets {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async set(
    account: string | undefined,
    name: string,
    { value, isJson }: { readonly value: string; readonly isJson: boolean },
  ): Promise<SecretFacts> {
    const json = { value, json: isJson };
    const request = { method: 'PUT', path: pathOf(name), json, ...actingFor(account) } as const;
    // The route answers one secret.
    return factsOf((await this.#client.json(request)) as SecretWire, account);
  }

  async list(account: string | undefined): Promise<readonly SecretFacts[]> {
    const found: SecretFacts[] = [];
    let after: string | undefined;
    do {
      const query = { limit: 200, after };
      const request = { method: 'GET', path: '/v1/secrets', query, ...actingFor(account) } as const;
      // The route answers a page.
      const page = (await this.#client.json(request)) as {
        readonly data: readonly SecretWire[];
        readonly next: string | null;
      };
      found.push(...page.data.map((secret) => factsOf(secret, account)));
      after = page.next ?? undefined;
    } while (after !== undefined);
    return found;
  }

  async delete(account: string | undefined, name: string): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: pathOf(name), ...actingFor(account) });
  }
}

function pathOf(name: string): string {
  return `/v1/secrets/${secretName(name)}`;
}

function actingFor(account: string | undefined) {
  return account === undefined ? {} : { headers: { 'x-rowmill-account': account } };
}

function factsOf(secret: SecretWire, account: string | undefined): SecretFacts {
  return {
    accountId: account ?? '',
    name: secret.name,
    version: secret.version,
    isJson: secret.json,
    keyId: secret.key_id,
    createdAtMs: Date.parse(secret.created_at),
    updatedAtMs: Date.parse(secret.updated_at),
  };
}
