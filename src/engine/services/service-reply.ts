import { z } from 'zod';

/** What a service answers, by its codes. */
const SERVICE_CODES = ['success', 'idle', 'error'] as const;

/** An answer as it came, not yet understood. */
export interface ServiceAnswer {
  readonly status: number;
  /** As the header has it; undefined where there is none. */
  readonly contentType: string | undefined;
  /** Where a redirect wants to go to. */
  readonly location: string | undefined;
  /** The body, up to the most that is read. */
  readonly text: string;
  /** Whether there is more of it. */
  readonly isCut: boolean;
}

export interface ServiceReply {
  readonly code: (typeof SERVICE_CODES)[number];
  readonly message: string;
  readonly errorDetails: readonly string[];
}

const Reply = z.object({
  code: z.enum(SERVICE_CODES, {
    error: ({ input }) => `code is ${shown(input)}: expected ${SERVICE_CODES.join(', ')}`,
  }),
  message: z.string({ error: ({ input }) => `message is ${shown(input)}: expected a text` }),
  error_details: z
    .array(
      z.string({ error: ({ input }) => `error_details has ${shown(input)} in it: expected texts` }),
      { error: ({ input }) => `error_details is ${shown(input)}: expected a list of texts` },
    )
    .nullish(),
});

/** Of what came, in characters: enough to see what it is. */
const SHOWN = 500;

/** What a service has answered, or why that is no answer of a service, with what came. */
export function readReply(
  answer: ServiceAnswer,
): { readonly reply: ServiceReply } | { readonly problem: string } {
  const { status, contentType, location, text, isCut } = answer;
  const came = (why: string): { readonly problem: string } => ({
    problem: `${why}. What came: HTTP ${status}, ${contentType ?? 'no content type'}, ${excerpt(text)}`,
  });
  if (status >= 300 && status < 400) {
    const where = location === undefined ? '' : ` to ${excerpt(location)}`;
    return came(`it redirects${where}, which is not followed`);
  }
  if (status < 200 || status >= 300) return came(`it answered with the HTTP status ${status}`);
  if (!/^application\/json\s*(?:;|$)/i.test(contentType ?? '')) {
    return came(`its answer is ${contentType ?? 'of no type'}: expected application/json`);
  }
  if (isCut) return came(`its answer is longer than ${text.length} characters`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return came('its answer is not JSON');
  }
  const read = Reply.safeParse(json);
  if (!read.success) {
    return came(
      `its answer is none: ${read.error.issues.map((issue) => issue.message).join('; ')}`,
    );
  }
  const { code, message, error_details: details } = read.data;
  return { reply: { code, message, errorDetails: details ?? [] } };
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : excerpt(JSON.stringify(value));
}

function excerpt(text: string): string {
  if (text === '') return 'nothing';
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)} … (${text.length} characters)`;
}
