import type {
  CapturedText,
  ScriptLimitName,
  ScriptLogEntry,
  ScriptOutcome,
} from '../ports/script-executor.ts';
import type { JsonValue } from '../task/json-value.ts';
import { fail, write, type Outcome } from '../task/outcome.ts';
import type { ResultCode } from './result-code.ts';

/** What came of a run of a script, or of a call of a service, as it is kept. */
export interface ScriptReport {
  readonly resultCode: ResultCode;
  readonly message: string | undefined;
  readonly result: JsonValue;
  /** Undefined for what prints nothing. */
  readonly stdout?: CapturedText | undefined;
  readonly stderr?: CapturedText | undefined;
  readonly log: readonly ScriptLogEntry[];
  /** Of a script. */
  readonly statistics?: ScriptOutcome['statistics'] | undefined;
  /** Of a script: `python 3.11.7`. */
  readonly runtime?: string | undefined;
}

/** Of each text that is kept with a record, in UTF-16 units. */
const MOST_KEPT = 256 * 1024;
const MOST_LINES = 5_000;

/** What is kept of an outcome: bounded, however much the executor let it print. */
export function reportOf(outcome: ScriptOutcome): ScriptReport {
  const { language, version } = outcome.runtime;
  const result = JSON.stringify(outcome.result);
  return {
    resultCode: outcome.resultCode,
    message: messageOf(outcome),
    result:
      result.length <= MOST_KEPT
        ? outcome.result
        : `the result is longer than ${MOST_KEPT} characters and was not kept`,
    stdout: bounded(outcome.stdout),
    stderr: bounded(outcome.stderr),
    log: boundedLog(outcome.log),
    statistics: outcome.statistics,
    runtime: `${language} ${version}`,
  };
}

/** Why a script ended as it did: its own words, the place in its files, the limit that was hit. */
function messageOf({ error, limit, message }: ScriptOutcome): string | undefined {
  if (error === undefined) return limit === undefined ? message : `the limit ${limit} was hit`;
  const line = error.line === undefined ? '' : ` line ${error.line}`;
  const place = error.file === undefined ? '' : ` (${error.file}${line})`;
  return `${error.name}: ${error.message}${place}`;
}

function bounded({ text, bytes, cutBytes }: CapturedText): CapturedText {
  if (text.length <= MOST_KEPT) return { text, bytes, cutBytes };
  // Not between the halves of a character.
  const kept = text.slice(0, MOST_KEPT).replace(/[\uD800-\uDBFF]$/, '');
  const cut = new TextEncoder().encode(text.slice(kept.length)).length;
  return { text: kept, bytes, cutBytes: cutBytes + cut };
}

/** The lines that are kept; what is not is counted in a last one. */
export function boundedLog(log: readonly ScriptLogEntry[]): readonly ScriptLogEntry[] {
  let rest = MOST_KEPT;
  const kept = log.slice(0, MOST_LINES).filter(({ message }) => (rest -= message.length) >= 0);
  if (kept.length === log.length) return log;
  return [
    ...kept,
    { level: 'warn', message: `${log.length - kept.length} more lines were not kept` },
  ];
}

/** The row that a run of one step writes: an error is a row that failed, and the status follows from it. */
export function reportRow(
  { resultCode, message, result }: ScriptReport,
  limit?: ScriptLimitName,
): Outcome<never, 'result_code' | 'message' | 'result'> {
  if (resultCode === 'success' || resultCode === 'idle') {
    return write({
      result_code: resultCode,
      message: message ?? '',
      result: result === null ? '' : JSON.stringify(result),
    });
  }
  const code = limit === undefined ? `script_${resultCode}` : `limit_${limit}`;
  return fail({ code, message: message ?? `the script ended with ${resultCode}` });
}
