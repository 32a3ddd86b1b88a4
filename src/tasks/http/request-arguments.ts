import {
  ArgumentFault,
  choice,
  names,
  numeric,
  pairs,
  taskArguments,
  text,
  type Argument,
} from '../task-arguments.ts';
import { parseResponseField, type ResponseField } from './response-field.ts';
import { parseTemplate } from '../template.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'];
/** Headers that carry secrets; not the one that tells calls apart. */
const SECRET_HEADER =
  /^(?:authorization|proxy-authorization|cookie|(?!(?:x-)?idempotency-key$).*-(?:key|token|secret))$/i;
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;

/** The arguments of http/request. */
export const requestArguments = taskArguments({
  url: template('Address to call, with {{column}} for cells, each URL-encoded.'),
  method: method(),
  headers: headerPairs(),
  body: body(),
  select: responseFields(),
  ok_status: names('Statuses beside 2xx that count as success, such as 404, 409.'),
  timeout_seconds: numeric('Longest wait for one answer.', {
    fallback: 30,
    min: 0.01,
    max: 3600,
    isWhole: false,
  }),
  max_response_bytes: numeric('Most that is read of one answer.', {
    fallback: 1_048_576,
    min: 0,
    max: 268_435_456,
  }),
  redirects: choice(
    'Follow redirects on the same origin only, everywhere (without the headers), or not at all.',
    ['same-origin', 'follow', 'none'],
  ),
  idempotency_header: idempotencyHeader(),
});

function idempotencyHeader(): Argument<string> {
  const { read, ...rest } = text(
    "Header that carries the row's key, the same at every retry; empty for none.",
    'Idempotency-Key',
  );
  return {
    ...rest,
    read(given) {
      const name = read(given).trim();
      if (name !== '' && !HEADER_NAME.test(name)) {
        throw new ArgumentFault(`is "${name}", which is no header name`);
      }
      return name;
    },
  };
}

function template(description: string): Argument<string> {
  const { read, ...rest } = text(description);
  return {
    ...rest,
    read(given) {
      const written = read(given).trim();
      parseTemplate(written);
      if (!/^(?:https?:\/\/|\{\{)/i.test(written)) {
        throw new ArgumentFault('must begin with https://, http:// or a placeholder');
      }
      return written;
    },
  };
}

function method(): Argument<string> {
  return {
    schema: { enum: METHODS, default: 'GET', description: 'Method of the call.' },
    isRequired: false,
    read(given) {
      const word = typeof given === 'string' ? given.trim().toUpperCase() : 'GET';
      if (given !== undefined && !METHODS.includes(word)) {
        throw new ArgumentFault(`must be one of ${METHODS.join(', ')}`);
      }
      return word;
    },
  };
}

function headerPairs(): Argument<readonly (readonly [string, string])[]> {
  const byPairs = pairs(
    'Headers: a JSON object, or a line `Name: value` for each. {{secret:NAME}} is a secret.',
  );
  return {
    ...byPairs,
    read(given) {
      const isLines = typeof given === 'string' && !/^\s*\{(?!\{)/.test(given);
      const headers = isLines ? headerLines(given) : byPairs.read(given);
      for (const [name, value] of headers) {
        if (!HEADER_NAME.test(name))
          throw new ArgumentFault(`has "${name}", which is no header name`);
        if (/[\r\n\0]/.test(value)) throw new ArgumentFault(`has a line break in ${name}`);
        const isLiteral = parseTemplate(value).every(({ kind }) => kind === 'text');
        if (isLiteral && value.trim() !== '' && SECRET_HEADER.test(name)) {
          throw new ArgumentFault(
            `has ${name} in clear, and arguments are kept with the run: write {{secret:NAME}} for the secret part, and put that into the environment variable ROWMILL_SECRET_NAME`,
          );
        }
      }
      return headers;
    },
  };
}

function headerLines(given: string): (readonly [string, string])[] {
  const lines = given.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const colon = line.indexOf(':');
    if (colon < 1)
      throw new ArgumentFault(`has "${line}", which is no header such as Accept: text/csv`);
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
  });
}

function body(): Argument<string | undefined> {
  return {
    schema: {
      type: ['string', 'object', 'array'],
      description:
        'Body to send, with {{column}} for cells: escaped in JSON, URL-encoded in a form, else as they are.',
    },
    isRequired: false,
    read(given) {
      if (given === undefined || given === null || given === '') return undefined;
      // A JSON value from a program is a template as well: its strings may hold placeholders.
      const written = typeof given === 'string' ? given : JSON.stringify(given);
      parseTemplate(written);
      return written;
    },
  };
}

function responseFields(): Argument<readonly (readonly [string, ResponseField])[]> {
  const byPairs = pairs(
    'Output columns and where their cells come from: `id=data.id, first=$.items[0].name, http_status=status, limit=headers.x-rate-limit, answer=body`.',
    [['http_status', 'status']],
  );
  return {
    ...byPairs,
    read: (given) =>
      byPairs.read(given).map(([column, path]) => [column, parseResponseField(path)] as const),
  };
}
