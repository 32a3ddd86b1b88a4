import { createHash, randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import { ID_LETTERS } from '../../engine/ports/ids.ts';
import { ApiProblem, problemOf } from '../problem.ts';
import type { AnyRoute, Call, Reply } from '../route.ts';
import { BodyHash } from './body-hash.ts';
import { hashOfKey, openAnswer, sealAnswer, type KeptAnswer } from './sealed-answer.ts';

const HEADER = 'idempotency-key';

/** Listens to the body of a request that names a key. Called before anything has waited. */
export function hearBody(context: Context): void {
  if (context.method === 'POST' && context.get(HEADER) !== '') {
    context.state['bodyHash'] = BodyHash.of(context.req);
  }
}

/**
 * Carries out a request with a key once: the same request again has the same answer, another request with
 * the same key is refused.
 */
export async function answerOnce(route: AnyRoute, call: Call): Promise<Reply> {
  const { context, ports, actor } = call;
  const body: unknown = context.state['bodyHash'];
  if (!(body instanceof BodyHash) || route.scope === 'public') return route.handle(call);
  const store = ports.idempotency;
  const key = readKey(context);
  // Keys of roles see nothing of each other.
  const own = actor.role === undefined ? key : `${actor.keyId ?? ''} ${key}`;
  const request = { accountId: actor.accountId, keyHash: hashOfKey(own) };
  const head = headOf(context);
  const nonce = randomBytes(16).toString('hex');
  const begun = await store.begin(request, { head, nonce });
  if (begun.kind === 'in_flight') {
    throw new ApiProblem('conflict', 'the request with this Idempotency-Key is not done yet', {
      headers: { 'Retry-After': '1' },
    });
  }
  const again = { ...call, reservedId: (prefix: string) => reservedId(prefix, begun.nonce) };
  if (begun.kind === 'answered') {
    if (begun.head !== head || begun.bodyHash !== (await body.hex())) throw mismatch();
    context.set('Idempotency-Replayed', 'true');
    const { status, headers, body: text } = openAnswer(begun.answer, key);
    if (text === undefined) return route.handle(again);
    return text === ''
      ? { status: 204, headers }
      : { status, headers, json: JSON.parse(text) as unknown };
  }
  try {
    const reply = await route.handle(again);
    const answer = sealAnswer(answerOf(reply, context), key);
    await store.complete(request, { bodyHash: await body.hex(), answer });
    return reply;
  } catch (error) {
    // What was refused has made nothing: who mends the request may send it with the same key. What broke
    // off may have: the next attempt takes it up with the same ids.
    if (problemOf(error).status < 500) await store.abandon(request);
    else await store.release(request);
    throw error;
  }
}

function answerOf(reply: Reply, { status }: Context): KeptAnswer {
  if (reply === 'sent') return { status, headers: {}, body: undefined };
  const body = 'json' in reply ? JSON.stringify(reply.json) : '';
  return { status: reply.status, headers: reply.headers ?? {}, body };
}

function readKey(context: Context): string {
  const key = context.get(HEADER);
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return key;
  const message = 'is 1 to 255 printable ASCII characters';
  throw new ApiProblem('bad_request', `header.${HEADER}: ${message}`, {
    details: [{ at: `header.${HEADER}`, message }],
  });
}

/** What is known of a request before its body. The boundary of a form is another at each attempt. */
function headOf({ method, url, headers }: Context): string {
  const type = (headers['content-type'] ?? '').replace(/;\s*boundary=.*$/i, '');
  const encoding = headers['content-encoding'] ?? '';
  return createHash('sha256').update([method, url, type, encoding].join('\n')).digest('hex');
}

/** The id of the first thing that is made of a request: the same at every attempt. */
function reservedId(prefix: string, nonce: string): string {
  const bytes = createHash('sha256').update(`${prefix} ${nonce}`).digest();
  const letters = [...bytes.subarray(0, 16)].map((byte) => ID_LETTERS[byte % ID_LETTERS.length]);
  return `${prefix}_${letters.join('')}`;
}

function mismatch(): ApiProblem {
  return new ApiProblem(
    'idempotency_mismatch',
    'this Idempotency-Key was used for another request: take a new one for each',
  );
}
