import type { ZodObject, ZodType, z } from 'zod';
import { route, type AnyRoute, type Call, type ResponseSpec, type Route } from '../route.ts';
import { kazooAnswer, KazooFault, sendKazoo, type KazooReply } from './envelope.ts';

type Shape<T> = T extends ZodType ? z.output<T> : undefined;

/** A route with Kazoo's envelope: it says its data, and all that is around it comes from here. */
interface KazooRoute<
  Params extends ZodObject | undefined,
  Query extends ZodObject | undefined,
> extends Pick<
  Route<Params, Query>,
  'method' | 'path' | 'operationId' | 'summary' | 'description' | 'scope' | 'params' | 'query'
> {
  readonly reads?: readonly string[];
  readonly formFields?: ZodObject;
  /** Status of the answer that says yes. Default 200. */
  readonly status?: 200 | 201;
  /** Shape of `data`; undefined for a route that only sends files. */
  readonly data?: ZodType;
  /** The route can also send a CSV, by itself. */
  readonly sends?: Pick<ResponseSpec, 'content' | 'headers'>;
  readonly handle: (
    call: Call<Shape<Params>, Shape<Query>, undefined>,
  ) => Promise<KazooReply | 'sent'>;
}

/** Statuses with which Kazoo says no. */
const REFUSALS = [400, 401, 403, 404, 415, 429, 500, 503];

export function kazooRoute<
  Params extends ZodObject | undefined = undefined,
  Query extends ZodObject | undefined = undefined,
>(definition: KazooRoute<Params, Query>): AnyRoute {
  const { status = 200, data, sends, handle, ...rest } = definition;
  const refusal: ResponseSpec = { description: 'Refused, in Kazoo’s words', schema: KazooFault };
  return route({
    ...rest,
    tag: 'Kazoo',
    problemShape: 'own',
    responses: {
      [status]: {
        description: 'Done',
        ...(data === undefined ? {} : { schema: kazooAnswer(data) }),
        ...sends,
      },
      ...Object.fromEntries(REFUSALS.map((code) => [code, refusal])),
    },
    handle: async (call) => {
      const reply = await handle(call);
      if (reply !== 'sent') sendKazoo(call.context, status, { reply, ports: call.ports });
      return 'sent';
    },
  });
}
