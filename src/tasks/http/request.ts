import { defineTask, fail, retry, write, type Outcome } from '../../index.ts';
import { UnfitCell } from './build-request.ts';
import { CallSignals, CallTimeout } from './call-signals.ts';
import { requestArguments } from './request-arguments.ts';
import { planRequest } from './request-plan.ts';
import { readFields } from './response-field.ts';
import { retryAfterMs } from './retry-after.ts';
import { sendRequest, type CallAnswer } from './send-request.ts';

const DOC = `
Calls an address for each row and puts chosen fields of the answer into columns.

**Templates.** \`url\`, \`headers\` and \`body\` may hold \`{{column}}\` for the row's cell and
\`{{secret:NAME}}\` for a secret. A cell is encoded for where it stands: URL-encoded in the address and in a
form, escaped in JSON; outside of quotes in JSON it is a number, true, false or null where it is one
exactly. A cell that would be an empty part of the path, or begin a header of its own, fails its row.

**Secrets.** \`{{secret:api-key}}\` is the environment variable \`ROWMILL_SECRET_API_KEY\`: capitals, and \`_\`
for whatever is no letter or digit. One that is not set refuses the run before the first call. Arguments are
stored with the run, so a header such as \`Authorization\` with its value in clear is refused. Secrets are
not stored; where an answer repeats one, \`***\` stands in the output and in errors.

**Answers.** 2xx is success; other statuses fail the row with the status and the first part of the answer.
\`select\` names output columns and where they come from: \`status\`, \`headers.x\`, \`body\`, or a way into the
JSON such as \`data.items[0].id\`. Whole numbers of any length are kept digit for digit.

**Retries.** 429, 502, 503, 504, timeouts and broken connections are tried again, up to 5 times in all,
after the \`Retry-After\` that the server asks for (seconds or a date, at most 5 minutes), or after 0.5, 1, 2
and 4 seconds. Each call carries the row's key in \`Idempotency-Key\`: the same at every retry and after a
restart.

**Redirects** are followed on the same origin; elsewhere only with \`redirects=follow\`, and then without the
headers that were set. 10 rows are in flight at once (\`--concurrency\`).

    rowmill run http/request users.csv -o out.csv --arg url='https://api.example.com/users/{{id}}' --arg select='email=data.email'
    rowmill run http/request users.csv -o out.csv --concurrency 50 --arg method=POST \\
      --arg url=https://api.example.com/users --arg headers='Authorization: Bearer {{secret:TOKEN}}' \\
      --arg body='{"email": "{{email}}", "age": {{age}}}' --arg select='id=id'
`;

const RETRIED_STATUSES = new Set([429, 502, 503, 504]);
/** Codes of a network that may work again in a moment. A name that does not exist is not among them. */
const PASSING_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
const SHOWN_OF_ANSWER = 200;

export const request = defineTask({
  category: 'http',
  action: 'request',
  description: 'Call a web address for each row and keep fields of the answer',
  doc: DOC.trim(),
  columns: 'any',
  arguments: requestArguments,
  concurrency: 10,
  retry: { attempts: 5, backoffMs: 500, maxBackoffMs: 300_000 },
  output(settings, header) {
    // So that a check and a run refuse a wrong placeholder before anything is called.
    planRequest(settings, header, () => '');
    return settings.select.map(([column]) => column);
  },
  open(run) {
    return {
      plan: planRequest(run.arguments, run.header, (name) => run.secrets.get(name)),
      signals: new CallSignals(run.signal, run.arguments.timeout_seconds * 1000),
    };
  },
  async row(row, _state, run) {
    const { arguments: settings, opened, fetch, signal, rowKey } = run;
    const { plan, signals } = opened;
    let answer: CallAnswer;
    try {
      answer = await sendRequest(plan.build(row, rowKey), {
        fetch,
        signals,
        method: settings.method,
        maxBytes: settings.max_response_bytes,
        redirects: settings.redirects,
      });
    } catch (error) {
      // The engine ends the run: whatever was said of this row would not be heard.
      if (signal.aborted) throw signal.reason;
      return unanswered(error, plan.secrets);
    }
    const isOk =
      (answer.status >= 200 && answer.status < 300) ||
      settings.ok_status.includes(String(answer.status));
    if (!isOk) return refusedAnswer(answer, plan.secrets);
    const needsWhole = settings.select.some(([, { from }]) => from === 'json' || from === 'body');
    if (answer.isCut && needsWhole) {
      return fail({
        code: 'response_too_large',
        message: `the answer is longer than ${settings.max_response_bytes} bytes (max_response_bytes)`,
      });
    }
    const cells = readFields(settings.select, answer);
    if (cells === undefined) {
      const begins = beginning(answer, plan.secrets);
      const message = `HTTP ${answer.status}, but the answer is not JSON${begins}`;
      return fail({ code: 'response_not_json', message });
    }
    return write(withoutSecretsIn(cells, plan.secrets));
  },
  examples: [
    {
      title: 'fields of the JSON and the status into columns',
      row: { id: '7' },
      arguments: {
        url: 'https://api.example.com/users/{{id}}',
        select: 'email=email, http_status=status',
      },
      outcome: write({ email: 'ada@example.com', http_status: '201' }),
    },
    {
      title: 'a JSON body and a secret in a header',
      row: { email: 'ada@example.com', age: '36' },
      arguments: {
        url: 'https://api.example.com/users',
        method: 'POST',
        headers: 'Authorization: Bearer {{secret:TOKEN}}',
        body: '{"email": "{{email}}", "age": {{age}}}',
        select: 'user_id=id',
      },
      outcome: write({ user_id: '7' }),
    },
    {
      title: 'an empty cell in the path is never sent',
      row: { id: '', name: 'Bob' },
      arguments: { url: 'https://api.example.com/users/{{id}}', method: 'DELETE' },
      outcome: fail({ column: 'id', message: 'missing' }),
    },
  ],
});

function unanswered(error: unknown, secrets: readonly string[]): Outcome<never, never> {
  if (error instanceof UnfitCell) {
    const { column, value, message } = error;
    const where = column === undefined ? {} : { column, value: value ?? '' };
    return fail({ ...where, code: message === 'missing' ? 'missing' : 'invalid', message });
  }
  if (error instanceof CallTimeout) return retry({ code: 'timeout', message: error.message });
  const { code, message } = rootOf(error);
  const failure = {
    code: 'network_error',
    message: withoutSecrets(code === '' ? message : `no answer: ${code} ${message}`, secrets),
  };
  return PASSING_ERRORS.has(code) ? retry(failure) : fail(failure);
}

/** What fetch wraps: its own message is `fetch failed`. */
function rootOf(error: unknown): { readonly code: string; readonly message: string } {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  if (!(root instanceof Error)) return { code: '', message: String(root) };
  // Several addresses of one host were tried: each has its reason.
  const tried = root instanceof AggregateError ? (root.errors[0] as unknown) : root;
  const first = tried instanceof Error ? tried : root;
  const code = 'code' in first && typeof first.code === 'string' ? first.code : '';
  return { code, message: first.message.replace(`${code} `, '') };
}

function refusedAnswer(answer: CallAnswer, secrets: readonly string[]): Outcome<never, never> {
  const location = withoutSecrets(answer.headers.get('location') ?? '', secrets);
  const target = location === '' ? '' : ` to ${shortened(location)} (not followed)`;
  const failure = {
    code: `http_${answer.status}`,
    message: `HTTP ${answer.status}${target}${beginning(answer, secrets)}`,
  };
  if (!RETRIED_STATUSES.has(answer.status)) return fail(failure);
  return retry(failure, retryAfterMs(answer.headers.get('retry-after'), Date.now()));
}

/** The first part of an answer, on one line. Secrets go first: a cut must not leave half of one. */
function beginning({ text, headers }: CallAnswer, secrets: readonly string[]): string {
  const isHtml = /html/i.test(headers.get('content-type') ?? '');
  const visible = isHtml ? text.replaceAll(/<(style|script)\b[^]*?<\/\1>|<[^>]*>/gi, ' ') : text;
  const line = withoutSecrets(visible, secrets)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return line === '' ? '' : `: ${shortened(line)}`;
}

function shortened(line: string): string {
  return line.length > SHOWN_OF_ANSWER ? `${line.slice(0, SHOWN_OF_ANSWER)}…` : line;
}

function withoutSecretsIn(
  cells: Readonly<Record<string, string>>,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  if (secrets.length === 0) return cells;
  return Object.fromEntries(
    Object.entries(cells).map(([column, cell]) => [column, withoutSecrets(cell, secrets)]),
  );
}

/** Servers send back what they were sent: no secret may reach the output or a log that way. */
function withoutSecrets(message: string, secrets: readonly string[]): string {
  let clean = message;
  for (const secret of secrets) {
    if (secret === '') continue;
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
      clean = clean.replaceAll(form, '***');
    }
  }
  return clean;
}
