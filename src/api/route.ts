import type { Context } from 'koa';
import type { ZodObject, ZodType, z } from 'zod';
import type { Actor, Scope } from './actor.ts';
import type { ApiPorts } from './api-ports.ts';
import type { ProblemCode } from './problem.ts';

/** What a handler gives: JSON, nothing, or an answer that it has written itself. */
export type Reply =
  | {
      readonly status: number;
      /** Checked against the route's schema of this status by the tests. */
      readonly json: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly status: 204; readonly headers?: Readonly<Record<string, string>> }
  /** The handler has set body and status on the context, or answers by itself. */
  | 'sent';

/** One call of a route: what its schemas made of the request. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly actor: Actor;
  readonly ports: ApiPorts;
  readonly context: Context;
  /**
   * The id of the first thing of this kind that the call makes, where the request names an idempotency
   * key. An earlier attempt that broke off may have made it already.
   */
  readonly reservedId?: (prefix: string) => string;
}

/** One possible answer, for the description of the API. */
export interface ResponseSpec {
  readonly description: string;
  /** JSON of this shape. */
  readonly schema?: ZodType;
  /** An answer, for the reader. */
  readonly example?: unknown;
  /** Media type, or several, of an answer that is not JSON. */
  readonly content?: string | readonly string[];
  /** Name of a header it can have → what that says. */
  readonly headers?: Readonly<Record<string, string>>;
}

type Shape<T> = T extends ZodType ? z.output<T> : undefined;

/** One route: the only place that says what it takes, who may call it and what it answers. */
export interface Route<
  Params extends ZodObject | undefined = ZodObject | undefined,
  Query extends ZodObject | undefined = ZodObject | undefined,
  Body extends ZodType | undefined = ZodType | undefined,
> {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/v1/runs/{run_id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** `public`: nobody is asked who they are. */
  readonly scope: Scope | 'public';
  /** Keys that have a role and no scope may call it: its handler looks what they may see. */
  readonly isForRoles?: true;
  readonly params?: Params;
  readonly query?: Query;
  /** A JSON body. A route that reads its body itself has `reads`. */
  readonly body?: Body;
  /** Media types of a body that the handler reads itself. */
  readonly reads?: readonly string[];
  /** What a JSON body that the handler reads itself can be. */
  readonly jsonBody?: ZodType;
  /** Whether the handler that reads its body itself can do without one. */
  readonly isBodyOptional?: true;
  /** Bodies of a media type, for the reader. */
  readonly bodyExamples?: Readonly<Record<string, unknown>>;
  /** Fields of a multipart body beside its part `file`. */
  readonly formFields?: ZodObject;
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** Problems that this route has beside those that every route of its kind has (`problem-responses.ts`). */
  readonly problems?: readonly ProblemCode[];
  /** `own`: what goes wrong is told in another shape, by `responses`. */
  readonly problemShape?: 'own';
  handle(call: Call<Shape<Params>, Shape<Query>, Shape<Body>>): Promise<Reply>;
}

/** Keeps the types of one route together, and lets routes of all shapes stand in one list. */
export function route<
  Params extends ZodObject | undefined = undefined,
  Query extends ZodObject | undefined = undefined,
  Body extends ZodType | undefined = undefined,
>(definition: Route<Params, Query, Body>): AnyRoute {
  // `handle` is called with what the schemas of the same route made, by `callRoute` only.
  return definition;
}

/** A route whose types nobody needs any more. */
export type AnyRoute = Route & {
  handle(call: Call): Promise<Reply>;
};
