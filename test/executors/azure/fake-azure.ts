import { mkdtempSync, chmodSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AzureRoute } from '../../../src/executors/azure/azure-client.ts';
import type { AzureSettings } from '../../../src/executors/azure/azure-settings.ts';
import { FakeExecution, removeVolume } from '../container/fake-execution.ts';

export const SETTINGS: AzureSettings = {
  secret: 'the secret of the principal',
  subscriptionId: 'a-subscription',
  resourceGroup: 'dmt-test-containers',
  tenantId: '11111111-2222-3333-4444-555555555555',
  clientId: 'a-client',
  location: undefined,
};
const GROUPS = `/subscriptions/${SETTINGS.subscriptionId}/resourceGroups/${SETTINGS.resourceGroup}/providers/Microsoft.ContainerInstance/containerGroups`;

interface FakeGroup {
  readonly body: {
    readonly tags: Readonly<Record<string, string>>;
    readonly properties: {
      readonly containers: readonly [
        {
          readonly name: string;
          readonly properties: {
            readonly image: string;
            readonly command?: readonly string[];
            readonly environmentVariables: readonly object[];
            readonly resources: {
              readonly requests: { readonly cpu: number; readonly memoryInGB: number };
            };
          };
        },
      ];
      readonly volumes?: readonly [{ readonly secret: Readonly<Record<string, string>> }];
    };
  };
  /** It is pulled for so many looks. */
  looks: number;
  state: 'Waiting' | 'Running' | 'Terminated';
  exitCode: number;
  detailStatus: string;
  startedAt: number;
  log: string;
  readonly volumes: Map<string, string>;
  execution: FakeExecution | undefined;
}

/** A fake of the token endpoint and of as much of Azure Resource Manager as is needed; it executes what has files placed. */
export async function startFakeAzure() {
  const groups = new Map<string, FakeGroup>();
  const asked: string[] = [];
  let throttled = 0;
  let refusal: string | undefined;

  const answer = (response: ServerResponse, status: number, body: unknown = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' });
    response.end(status === 204 ? undefined : JSON.stringify(body));
  };
  const no = (response: ServerResponse, status: number, message: string): void =>
    answer(response, status, { error: { code: 'Refused', message } });

  const login = (path: string, body: string, origin: string, response: ServerResponse): void => {
    if (path.endsWith('/token')) {
      const secret = new URLSearchParams(body).get('client_secret');
      if (secret !== SETTINGS.secret) {
        return answer(response, 401, {
          error: 'invalid_client',
          error_description: 'wrong secret',
        });
      }
      const token = { token_type: 'Bearer', expires_in: 3600, access_token: 'a token' };
      return answer(response, 200, token);
    }
    const tenant = `${origin}/${SETTINGS.tenantId}`;
    answer(response, 200, {
      tenant_discovery_endpoint: `${tenant}/v2.0/.well-known/openid-configuration`,
      token_endpoint: `${tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
      issuer: `${tenant}/v2.0`,
      jwks_uri: `${tenant}/keys`,
      metadata: [],
    });
  };

  const remove = async (name: string): Promise<void> => {
    const group = groups.get(name);
    groups.delete(name);
    group?.execution?.kill('SIGKILL');
    await group?.execution?.ended;
    for (const folder of group?.volumes.values() ?? []) removeVolume(folder);
  };

  const manage = (
    { method, headers }: IncomingMessage,
    { path, body, url }: { readonly path: string; readonly body: string; readonly url: URL },
    response: ServerResponse,
  ): void => {
    asked.push(`${method} ${path.replace(GROUPS, '')}`);
    if (headers.authorization !== 'Bearer a token') return no(response, 401, 'who are you?');
    if (throttled > 0) {
      throttled -= 1;
      return no(response, 429, 'too many requests');
    }
    if (
      path === `/subscriptions/${SETTINGS.subscriptionId}/resourcegroups/${SETTINGS.resourceGroup}`
    ) {
      return answer(response, 200, { name: SETTINGS.resourceGroup, location: 'norwayeast' });
    }
    if (path === GROUPS) {
      return answer(response, 200, {
        value: [...groups].map(([name, group]) => shown(name, group)),
      });
    }
    const [, name = '', logs] =
      /^\/([^/]+)(\/containers\/main\/logs)?$/.exec(path.slice(GROUPS.length)) ?? [];
    if (method === 'PUT') {
      if (refusal !== undefined) return no(response, 400, refusal);
      if (!/^(?!-)(?!.*-$)(?!.*--)[a-z\d-]{1,63}$/.test(name)) {
        return no(response, 400, `the container group name '${name}' is invalid`);
      }
      groups.set(name, madeOf(body));
      return answer(response, 201, shown(name, groups.get(name)));
    }
    const group = groups.get(name);
    if (group === undefined) return no(response, method === 'DELETE' ? 204 : 404, 'not found');
    if (method === 'DELETE') {
      void remove(name).then(() => answer(response, 200, shown(name, group)));
      return;
    }
    if (logs !== undefined) {
      const tail = url.searchParams.get('tail');
      const lines = group.log.split('\n');
      const content = tail === null ? group.log : lines.slice(-Number(tail) - 1).join('\n');
      return answer(response, 200, { content });
    }
    group.looks -= 1;
    if (group.looks <= 0 && group.state === 'Waiting') begin(group);
    answer(response, 200, shown(name, group));
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://fake');
      const [, host = '', path = ''] = /^\/([^/]+)(\/.*)$/.exec(url.pathname) ?? [];
      const body = Buffer.concat(chunks).toString();
      if (host === 'management.azure.com') manage(request, { path, body, url }, response);
      else login(path, body, `https://${host}`, response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const there = (wanted: string): string => {
    if (wanted.startsWith(origin)) return wanted;
    const { host, pathname, search } = new URL(wanted);
    return `${origin}/${host}${pathname}${search}`;
  };
  const route: AzureRoute = {
    policy: {
      name: 'to the fake',
      sendRequest(request, next) {
        request.url = there(request.url);
        request.allowInsecureConnection = true;
        return next(request);
      },
    },
    fetch: (input, init) => fetch(there(input), init),
  };
  return {
    route,
    groups,
    asked,
    throttle: (count: number): void => {
      throttled = count;
    },
    refuse: (message: string | undefined): void => {
      refusal = message;
    },
    async close() {
      for (const name of groups.keys()) await remove(name);
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function madeOf(body: string): FakeGroup {
  return {
    body: JSON.parse(body) as FakeGroup['body'],
    looks: 2,
    state: 'Waiting',
    exitCode: 0,
    detailStatus: '',
    startedAt: 0,
    log: '',
    volumes: new Map(),
    execution: undefined,
  };
}

/** As a GET shows it: no secret of it. */
function shown(name: string, group: FakeGroup | undefined): object {
  if (group === undefined) return {};
  const { state, exitCode, detailStatus, startedAt, body } = group;
  const [{ properties }] = body.properties.containers;
  const startTime = new Date(startedAt).toISOString();
  const currentState = {
    state,
    ...(state !== 'Waiting' && { startTime }),
    ...(state === 'Terminated' && { exitCode, detailStatus }),
  };
  return {
    name,
    tags: body.tags,
    location: 'norwayeast',
    properties: {
      provisioningState: state === 'Waiting' ? 'Pending' : 'Succeeded',
      osType: 'Linux',
      containers: [
        {
          name: 'main',
          properties: {
            image: properties.image,
            resources: properties.resources,
            instanceView: { currentState, events: [] },
          },
        },
      ],
    },
  };
}

/** Executes its command where it is one of a script; others end when the test says so. */
function begin(group: FakeGroup): void {
  const { containers, volumes } = group.body.properties;
  const { command = [], resources } = containers[0].properties;
  group.state = 'Running';
  group.startedAt = Date.now();
  if (command[0] !== 'sh') return;
  if (volumes !== undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'rowmill-secret-'));
    chmodSync(folder, 0o755);
    for (const [name, content] of Object.entries(volumes[0].secret)) {
      writeFileSync(join(folder, name), Buffer.from(content, 'base64'));
    }
    group.volumes.set('/rowmill', folder);
  }
  const memoryBytes = Math.round(resources.requests.memoryInGB * 1024 ** 3);
  const execution = new FakeExecution(
    { command, memoryBytes, processes: 200 },
    {
      volumes: group.volumes,
      onOutput: (_stream, content) => {
        group.log += content.toString('latin1');
      },
    },
  );
  group.execution = execution;
  void (async () => {
    await execution.ended;
    group.log = Buffer.from(group.log, 'latin1').toString();
    group.state = 'Terminated';
    group.exitCode = execution.exitCode;
    group.detailStatus = execution.isOutOfMemory ? 'OOMKilled' : 'Completed';
  })();
}
