import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Context } from 'koa';
import { z, type ZodType } from 'zod';
import type { ApiPorts } from '../api-ports.ts';
import { kazooErrorOf } from './kazoo-error.ts';

/** The server in the words of Erlang: tasks name the node that carries them out. */
export const NODE_NAME = `rowmill@${hostname()}`;
const NODE = createHash('sha256').update(NODE_NAME).digest('base64url').slice(0, 22);

const common = {
  auth_token: z.string().optional().meta({ description: 'As it was sent' }),
  node: z.string(),
  request_id: z.string(),
  timestamp: z.string(),
  version: z.string(),
};

export const KazooFault = z
  .object({
    ...common,
    data: z.unknown(),
    error: z.string().meta({ description: 'The HTTP status, as text' }),
    message: z.string(),
    status: z.literal('error'),
  })
  .meta({ id: 'KazooError' });

/** The shape of an answer with this data. */
export function kazooAnswer(data: ZodType) {
  return z.object({
    ...common,
    data,
    revision: z.string(),
    status: z.literal('success'),
    page_size: z.int().optional(),
    start_key: z.string().optional(),
    next_start_key: z.string().optional(),
  });
}

/** What stands beside the data of a list. */
interface KazooPage {
  readonly page_size: number;
  readonly start_key?: string;
  readonly next_start_key?: string;
}

/** What a handler of these routes gives. */
export interface KazooReply {
  readonly data: unknown;
  readonly page?: KazooPage;
  /** Where the answer has another token than the request: that of a login. */
  readonly authToken?: string;
}

export function sendKazoo(
  context: Context,
  status: number,
  {
    reply,
    ports,
  }: { readonly reply: KazooReply; readonly ports: Pick<ApiPorts, 'version' | 'clock'> },
): void {
  const { data, page, authToken } = reply;
  const revision = createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 32);
  send(context, status, {
    ...page,
    data,
    revision,
    ...aboutAnswer(context, ports),
    ...(authToken === undefined ? {} : { auth_token: authToken }),
    status: 'success',
  });
}

export function sendKazooError(
  context: Context,
  error: unknown,
  ports: Pick<ApiPorts, 'version' | 'clock' | 'settings'>,
): void {
  const { status, message, data, headers } = kazooErrorOf(error, ports.settings);
  context.set({ ...headers });
  const about = aboutAnswer(context, ports);
  send(context, status, { data, error: String(status), message, ...about, status: 'error' });
}

function aboutAnswer(context: Context, { version, clock }: Pick<ApiPorts, 'version' | 'clock'>) {
  const authToken = context.get('x-auth-token');
  return {
    ...(authToken === '' ? {} : { auth_token: authToken }),
    node: NODE,
    request_id: String(context.state['requestId']),
    timestamp: new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    version,
  };
}

/** Clients compare the whole content type: a charset behind it would be another one. */
function send(context: Context, status: number, body: object): void {
  context.status = status;
  context.set('Content-Type', 'application/json');
  context.body = JSON.stringify(body);
}
