import type { Agent } from 'undici';

let agent: Agent | undefined;

/**
 * `fetch` over connections that are kept open, as many to one host as a run has rows in flight. undici
 * is loaded by the first call, so that runs without HTTP do not wait for it.
 */
export const pooledFetch: typeof globalThis.fetch = async (input, init) => {
  const undici = await import('undici');
  agent ??= new undici.Agent({ connections: 512, keepAliveTimeout: 10_000 });
  // undici's own types and those of the platform describe the same objects.
  const given = { ...init, dispatcher: agent } as Parameters<typeof undici.fetch>[1];
  const response = await undici.fetch(input as Parameters<typeof undici.fetch>[0], given);
  return response;
};
