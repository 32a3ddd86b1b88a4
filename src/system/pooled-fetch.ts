import type { Agent } from 'undici';
import { decodedResponse } from './decoded-response.ts';
import { exchange, type LeanCall } from './lean-exchange.ts';
import { LeanResponse } from './lean-response.ts';
import type { AddressRules } from './public-address.ts';

/** `fetch` that reaches whatever there is. */
export const pooledFetch: typeof globalThis.fetch = makePooledFetch();

/**
 * A `fetch` over connections that are kept open, as many to one host as a run has rows in flight. A call
 * that follows no redirects and sends a text goes by `exchange`: the web streams of `fetch` take more of
 * the processor than all the rest of a call (467 µs of `fetch`, 223 of `undici.request`, see
 * `bench/run.mjs requests`), and a run makes one call a row. undici is loaded by the first call, so that
 * runs without HTTP do not wait for it. With `rules` it reaches only what they allow, a redirect's target
 * too.
 */
export function makePooledFetch(rules?: AddressRules): typeof globalThis.fetch {
  let opened: Promise<Connections> | undefined;
  return async (input, init) => {
    opened ??= openConnections(rules);
    const { undici, agent } = await opened;
    const call = leanCall(input, init);
    if (call !== undefined) {
      const answer = await exchange(agent, call);
      const response =
        answer.headers['content-encoding'] === undefined || call.method === 'HEAD'
          ? new LeanResponse(answer)
          : decodedResponse(answer);
      // It has every member of a Response; the type wants the class itself.
      return response as unknown as Response;
    }
    // undici's own types and those of the platform describe the same objects.
    const given = { ...init, dispatcher: agent } as Parameters<typeof undici.fetch>[1];
    return undici.fetch(input as Parameters<typeof undici.fetch>[0], given);
  };
}

interface Connections {
  readonly undici: typeof import('undici');
  readonly agent: Agent;
}

async function openConnections(rules: AddressRules | undefined): Promise<Connections> {
  const undici = await import('undici');
  const connect =
    rules && (await import('./guarded-connect.ts')).guardedConnect(undici.buildConnector, rules);
  const agent = new undici.Agent({
    connections: 512,
    keepAliveTimeout: 10_000,
    ...(connect === undefined ? {} : { connect }),
  });
  return { undici, agent };
}

const METHODS: readonly LeanCall['method'][] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
];

/** What fetch adds by itself, and servers expect. */
const DEFAULT_HEADERS = {
  accept: '*/*',
  'accept-encoding': 'gzip, deflate, br',
  'user-agent': 'rowmill',
};

/** The call, where it needs nothing of what only `fetch` can do. */
function leanCall(
  input: Parameters<typeof globalThis.fetch>[0],
  init: Parameters<typeof globalThis.fetch>[1],
): LeanCall | undefined {
  if (init?.redirect !== 'manual' || input instanceof Request) return undefined;
  const { body, headers, signal } = init;
  const method = METHODS.find((known) => known === (init.method ?? 'GET').toUpperCase());
  if (method === undefined) return undefined;
  if (body !== undefined && body !== null && typeof body !== 'string') return undefined;
  const named =
    headers === undefined || headers instanceof Headers || Array.isArray(headers)
      ? Object.fromEntries(new Headers(headers))
      : (headers as Record<string, string>);
  return {
    url: input instanceof URL ? input : new URL(input),
    method,
    headers: withDefaults(named),
    body: body ?? undefined,
    signal: signal ?? undefined,
  };
}

function withDefaults(headers: Record<string, string>): Record<string, string> {
  const all: Record<string, string> = { ...DEFAULT_HEADERS };
  for (const name in headers) all[name.toLowerCase()] = headers[name] ?? '';
  return all;
}
