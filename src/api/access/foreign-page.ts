import { isLoopback } from '../loopback.ts';
import { ApiProblem } from '../problem.ts';
import type { Caller } from './caller.ts';

/**
 * Without keys, a browser on this machine could be made to call by any web page: under a name that the
 * page's owner points here (then Host is not ours), or across origins (then Origin is not ours).
 */
export function refuseForeignPage(
  { host, origin }: Pick<Caller, 'host' | 'origin'>,
  {
    ownHosts,
    corsOrigins,
  }: { readonly ownHosts: readonly string[]; readonly corsOrigins: readonly string[] },
): void {
  const name = hostNameOf(host);
  if (name === undefined || (!isLoopback(name) && !ownHosts.includes(name))) {
    throw new ApiProblem('forbidden', 'without keys this server answers under localhost only');
  }
  if (origin === '' || corsOrigins.includes(origin)) return;
  if (URL.canParse(origin) && new URL(origin).host === new URL(`http://${host}`).host) return;
  throw new ApiProblem(
    'forbidden',
    'without keys web pages of other origins may not call this server',
  );
}

/** Without the port and the brackets of IPv6. */
function hostNameOf(host: string): string | undefined {
  if (!URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1');
}
