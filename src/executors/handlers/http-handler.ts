import { messageOf } from '../../engine/errors.ts';
import {
  BegunError,
  defineHandler,
  JOB_STATUSES,
  type HandledJob,
  type Handler,
  type JobStatus,
} from '../../engine/handlers/define-handler.ts';
import { secretsOf, type RunSecrets } from '../../engine/run/secrets/run-secrets.ts';
import { hasMoreValues } from '../../engine/task/json-bounds.ts';
import { readReply } from '../../engine/services/service-reply.ts';

/** What the runner of an entity says of the service that does it. */
interface HttpRunner {
  readonly url: string;
  readonly progress: string | undefined;
  readonly result: string | undefined;
  readonly remove: string | undefined;
  readonly sendsToken: boolean;
  readonly timeoutSeconds: number;
}

/** How it stood when the service was last heard. */
interface Kept {
  /** What the service calls it. */
  readonly id: string;
  readonly status: JobStatus;
  readonly text: string;
  /** What came with it, as far as it is kept. */
  readonly body: string | null;
  /** Of a body that is no text. */
  readonly encoding?: 'base64';
}

interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly content: Uint8Array;
}

const MOST_READ = 64 * 1024 * 1024;
/** Of what is kept as a result until it is asked for. */
const MOST_KEPT = 256 * 1024;
const SHOWN = 500;
/** Of what a service says beside its result. */
const MOST_TEXT = 8_192;
const LONGEST_ID = 1_000;
const MOST_VALUES = 1_000_000;

/**
 * Lets a service on the network do it: POST starts it, GET looks at it and fetches its result, DELETE removes
 * it, each where the server may call.
 */
export const httpHandler: Handler = defineHandler({
  supportedType: 'http',
  description: 'Let a service do it, by HTTP',
  async start(job) {
    const runner = runnerOf(job);
    const body = { uid: job.uid, input: (await job.input()) ?? null };
    const answer = await ask(job, runner, { method: 'POST', url: runner.url, body });
    const kept = await asBegun(async () => {
      const otherwise = runner.progress === undefined ? 'completed' : 'running';
      const found = standing(job, answer, otherwise);
      await job.keep(found);
      return found;
    });
    if (kept.status === 'failed') throw new Error(kept.text);
    return kept.text || 'the service has begun';
  },
  async progress(job) {
    const runner = runnerOf(job);
    const kept = keptOf(job);
    if (kept !== undefined && (kept.status === 'completed' || runner.progress === undefined)) {
      return [kept.status, kept.text];
    }
    const { progress } = runner;
    // Without an answer nobody knows what the service calls it.
    if (progress === undefined || (kept === undefined && progress.includes('{id}'))) {
      return ['unknown', ''];
    }
    const answer = await ask(job, runner, { method: 'GET', url: progress, mayBeGone: true });
    if (answer.status === 404) {
      return kept === undefined ? ['not started', ''] : ['failed', 'the service knows it no more'];
    }
    const found = standing(job, answer, 'running');
    if (JSON.stringify(found) !== JSON.stringify(kept)) await job.keep(found);
    return [found.status, found.text];
  },
  async result(job) {
    const runner = runnerOf(job);
    const kept = keptOf(job);
    const text = kept?.text || 'the service has done it';
    if (runner.result === undefined) {
      if (typeof kept?.body === 'string') {
        return [text, Buffer.from(kept.body, kept.encoding ?? 'utf8')];
      }
      throw new Error(`the answer is longer than ${MOST_KEPT} bytes: say runner.result`);
    }
    const { content } = await ask(job, runner, { method: 'GET', url: runner.result });
    return [text, content];
  },
  async remove(job) {
    const runner = runnerOf(job);
    if (runner.remove === undefined) {
      return ['unknown', 'the entity says no runner.remove: what the service does may go on'];
    }
    await ask(job, runner, { method: 'DELETE', url: runner.remove, mayBeGone: true });
    return ['removed', 'the service has removed it'];
  },
});

/** Throws what the service has against it, with what it answered. */
async function ask(
  job: HandledJob,
  { sendsToken, timeoutSeconds }: HttpRunner,
  {
    method,
    url: template,
    body,
    mayBeGone = false,
  }: {
    readonly method: string;
    readonly url: string;
    readonly body?: unknown;
    readonly mayBeGone?: boolean;
  },
): Promise<Answer> {
  const names = { uid: job.uid, id: keptOf(job)?.id ?? '' };
  const url = template.replaceAll(/\{(uid|id)\}/g, (_, name: 'uid' | 'id') =>
    encodeURIComponent(names[name]),
  );
  const timeout = AbortSignal.timeout(timeoutSeconds * 1_000);
  const token = sendsToken && job.token !== undefined ? job.token : undefined;
  const response = await job
    .fetch(url, {
      method,
      redirect: 'manual',
      signal: AbortSignal.any([job.signal, timeout]),
      headers: {
        accept: 'application/json, */*',
        // Whoever is asked twice to start it has it once.
        'idempotency-key': job.uid,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    .catch((error: unknown) => {
      if (timeout.aborted) throw new Error(`${url} did not answer within ${timeoutSeconds} s`);
      throw error;
    });
  const { status } = response;
  const content = await contentOf(response, url).catch((error: unknown) => {
    throw method === 'POST' && response.ok ? begunWith(error) : error;
  });
  const isGone = mayBeGone && (status === 404 || status === 410);
  if ((status < 200 || status >= 300) && !isGone) {
    // A token that is cut is not found any more.
    const text = secretsOf(job.token).redact(new TextDecoder().decode(content));
    const said = text.trim().slice(0, SHOWN);
    throw new Error(
      `${method} ${url} answered with the HTTP status ${status}: ${said || 'nothing'}`,
    );
  }
  return {
    status: status === 410 ? 404 : status,
    contentType: response.headers.get('content-type') ?? undefined,
    content,
  };
}

/** How it stands by what came: `{"status": …}`, or `{"code": …}` of an external service, or plain bytes. */
function standing(job: HandledJob, answer: Answer, otherwise: JobStatus): Kept {
  const text = new TextDecoder().decode(answer.content);
  const content = bodyOf(answer.content);
  const json = jsonOf(text);
  const id =
    typeof json['id'] === 'string' || typeof json['id'] === 'number'
      ? String(json['id'])
      : (keptOf(job)?.id ?? '');
  if (id.length > LONGEST_ID) {
    throw new Error(
      `its answer has an id of ${id.length} characters: expected ${LONGEST_ID} at most`,
    );
  }
  // Before anything is cut: a token that is cut is not found any more.
  const secrets = secretsOf(job.token);
  const told = without(json, secrets);
  if (json['code'] !== undefined) {
    const reply = secrets.isIdle ? text : JSON.stringify(told);
    const read = readReply({ ...answer, location: undefined, text: reply, isCut: false });
    if ('problem' in read) throw new Error(read.problem);
    const { code, message, errorDetails } = read.reply;
    if (code === 'error') {
      const all = [message, ...errorDetails].join('; ').slice(0, MOST_TEXT);
      return { id, status: 'failed', text: all, ...content };
    }
    return { id, status: 'completed', text: message.slice(0, MOST_TEXT), ...content };
  }
  const said = told['message'] ?? told['text'];
  const message = typeof said === 'string' ? said.slice(0, MOST_TEXT) : '';
  if (json['status'] === undefined) return { id, status: otherwise, text: message, ...content };
  const status = JOB_STATUSES.find((known) => known === json['status']);
  if (status !== undefined) return { id, status, text: message, ...content };
  throw new Error(
    `its answer has the status ${shown(told['status'])}: expected one of ${JOB_STATUSES.join(', ')}`,
  );
}

function without(
  fields: Readonly<Record<string, unknown>>,
  secrets: RunSecrets,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, secrets.redactIn(value)]),
  );
}

/** The service has taken the work on: what cannot be read of its answer does not undo that. */
async function asBegun(read: () => Promise<Kept>): Promise<Kept> {
  try {
    return await read();
  } catch (error) {
    throw begunWith(error);
  }
}

function begunWith(error: unknown): BegunError {
  return new BegunError(messageOf(error), { cause: error });
}

function shown(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > SHOWN ? `${json.slice(0, SHOWN)}…` : json;
}

/** What is kept of an answer, byte by byte. */
function bodyOf(content: Uint8Array): Pick<Kept, 'body' | 'encoding'> {
  if (content.length > MOST_KEPT) return { body: null };
  try {
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content) };
  } catch {
    return { body: Buffer.from(content).toString('base64'), encoding: 'base64' };
  }
}

async function contentOf({ body }: Response, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_READ) throw new Error(`${url} answered with more than ${MOST_READ} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Throws with all that is wrong. */
function runnerOf({ entity: { runner } }: HandledJob): HttpRunner {
  const problems: string[] = [];
  const urlOf = (field: string): string | undefined => {
    const value = runner[field];
    if (value === undefined && field !== 'url') return undefined;
    if (typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value))
      return value;
    problems.push(`runner.${field}: expected an address that begins with http:// or https://`);
    return undefined;
  };
  const [url, progress, result, remove] = ['url', 'progress', 'result', 'remove'].map(urlOf);
  const timeout = runner['timeout'] ?? 60;
  const isTime = typeof timeout === 'number' && timeout > 0 && timeout <= 3_600;
  if (!isTime) problems.push('runner.timeout: expected seconds above 0, up to 3600');
  const sendsToken = runner['sendToken'] ?? false;
  if (typeof sendsToken !== 'boolean') problems.push('runner.sendToken: expected true or false');
  if (problems.length > 0 || url === undefined || !isTime) throw new Error(problems.join('; '));
  return {
    url,
    progress,
    result,
    remove,
    sendsToken: sendsToken === true,
    timeoutSeconds: timeout,
  };
}

function keptOf({ kept }: HandledJob): Kept | undefined {
  if (typeof kept !== 'object' || kept === null) return undefined;
  const { id, status, text, body, encoding }: Readonly<Record<string, unknown>> = { ...kept };
  const known = JOB_STATUSES.find((each) => each === status);
  if (known === undefined) return undefined;
  return {
    id: typeof id === 'string' ? id : '',
    status: known,
    text: typeof text === 'string' ? text : '',
    body: typeof body === 'string' ? body : null,
    ...(encoding === 'base64' ? { encoding } : {}),
  };
}

/** Empty for what is no object. */
function jsonOf(text: string): Readonly<Record<string, unknown>> {
  if (!/^\s*\{/.test(text)) return {};
  if (hasMoreValues(text, MOST_VALUES)) {
    throw new Error(`its answer is JSON with more than ${MOST_VALUES} values`);
  }
  try {
    return { ...(JSON.parse(text) as object) };
  } catch {
    return {};
  }
}
