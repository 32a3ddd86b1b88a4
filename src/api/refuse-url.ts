import type { ApiPorts } from './api-ports.ts';
import { ApiProblem } from './problem.ts';

/** Throws `bad_request` that names `at` for an address that this server does not call. */
export function refuseUrl(
  url: string,
  { at, ports }: { readonly at: string; readonly ports: Pick<ApiPorts, 'webhooks'> },
): void {
  const message = ports.webhooks.whyNot(url);
  if (message === undefined) return;
  throw new ApiProblem('bad_request', `${at}: ${message}`, { details: [{ at, message }] });
}
