import { Query } from 'mingo';
import { messageOf } from '../errors.ts';

/** A MongoDB `$match` query. */
export type EventFilter = Readonly<Record<string, unknown>>;

/** What came with an event: a JSON object. */
export type EventPayload = Readonly<Record<string, unknown>>;

/** One condition of a filter, and whether a payload meets it. */
export interface FilterClause {
  /** Where it stands: `status`, `$or.1.age`. */
  readonly at: string;
  readonly clause: EventFilter;
  readonly isMet: boolean;
}

const MAX_CHARACTERS = 10_000;
const MAX_DEPTH = 20;
/** Those that take a list of queries. `$and` is no more than its queries, so each is a clause. */
const LISTS = new Set(['$and', '$or', '$nor']);
/** A repetition of a repetition can take longer than the server lives. */
const SLOW_PATTERN = /\([^)]*[*+{|][^)]*\)\s*[*+{]/;

/** Whether a payload meets all of a filter. An empty filter lets everything through. */
export function matches(filter: EventFilter, payload: EventPayload): boolean {
  return open(filter).test({ ...payload });
}

/** Every condition with what a payload makes of it: which one has failed, where one has. */
export function explainFilter(
  filter: EventFilter,
  payload: EventPayload,
  prefix = '',
): readonly FilterClause[] {
  return Object.entries(filter).flatMap(([name, condition]) => {
    const at = `${prefix}${name}`;
    if (name === '$and' && Array.isArray(condition)) {
      return condition.flatMap((each: unknown, index) =>
        explainFilter(isQuery(each) ? each : {}, payload, `${at}.${index}.`),
      );
    }
    const parts: readonly EventFilter[] = isOperators(condition)
      ? operatorsOf(condition).map((operators) => ({ [name]: operators }))
      : [{ [name]: condition }];
    return parts.map((clause) => ({ at, clause, isMet: matches(clause, payload) }));
  });
}

/** Why a filter cannot be used; undefined for a right one. */
export function filterProblem(filter: EventFilter): string | undefined {
  const written = JSON.stringify(filter);
  if (written.length > MAX_CHARACTERS) {
    return `has ${written.length} characters: expected ${MAX_CHARACTERS} at most`;
  }
  const problem = valueProblem(filter, 0);
  if (problem !== undefined) return problem;
  try {
    matches(filter, {});
    return undefined;
  } catch (error) {
    return `is no $match query: ${messageOf(error)}`;
  }
}

function valueProblem(value: unknown, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (LISTS.has(name) && !(Array.isArray(inner) && inner.length > 0 && inner.every(isQuery))) {
      return `${name} is ${JSON.stringify(inner)}: expected a list of queries`;
    }
    if (name === '$regex' && typeof inner === 'string' && SLOW_PATTERN.test(inner)) {
      return `$regex ${JSON.stringify(inner)} repeats a repetition, which can take for ever: expected a simpler one`;
    }
    const problem = valueProblem(inner, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Filters come from callers: no operator runs code of theirs. */
function open(filter: EventFilter): Query {
  return new Query(filter, { scriptEnabled: false });
}

function isQuery(value: unknown): value is EventFilter {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOperators(condition: unknown): condition is EventFilter {
  if (!isQuery(condition)) return false;
  const names = Object.keys(condition);
  return names.length > 0 && names.every((name) => name.startsWith('$'));
}

/** `$options` means nothing without its `$regex`. */
function operatorsOf(condition: EventFilter): readonly EventFilter[] {
  const { $options, ...others } = condition;
  return Object.entries(others).map(([name, value]) =>
    name === '$regex' && $options !== undefined ? { [name]: value, $options } : { [name]: value },
  );
}
