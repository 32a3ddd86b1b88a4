import type { CapturedText, ScriptOutcome } from '../engine/ports/script-executor.ts';
import type { JsonValue } from '../engine/task/json-value.ts';
import { visible } from './visible-text.ts';

/** What came of a script, for a person. */
export function scriptRecordLines(outcome: ScriptOutcome, event: JsonValue): readonly string[] {
  const { resultCode, result, message, error, limit, log, stdout, stderr, runtime } = outcome;
  const { statistics } = recordJson(outcome);
  return [
    `Duration: ${(outcome.statistics.wallMs / 1000).toFixed(3)}`,
    `Status  : ${resultCode}${limit === undefined ? '' : ` (limit: ${limit})`}`,
    `Runtime : ${runtime.language} ${runtime.version}`,
    'Input   :',
    ...jsonLines(event),
    ...(resultCode === 'success' ? ['Result  :', ...jsonLines(result)] : []),
    ...(message === undefined ? [] : [`Message : ${visible(message)}`]),
    ...(error === undefined ? [] : errorLines(error)),
    ...(log.length === 0 ? [] : ['Log     :']),
    ...log.map(({ level, message }) => `${level.padEnd(5)} ${visible(message)}`),
    ...streamLines('Stdout  :', stdout),
    ...streamLines('Stderr  :', stderr),
    `Runtime Statistics: ${JSON.stringify(statistics)}`,
  ];
}

/** What came of a script, for a program. */
export function recordJson({
  resultCode: result_code,
  result,
  message,
  error,
  limit,
  log,
  stdout,
  stderr,
  statistics,
  runtime,
}: ScriptOutcome) {
  const captured = ({ text, bytes, cutBytes: cut_bytes }: CapturedText) => ({
    text,
    bytes,
    cut_bytes,
  });
  return {
    result_code,
    result,
    message,
    error,
    limit,
    log,
    stdout: captured(stdout),
    stderr: captured(stderr),
    statistics: {
      wall_ms: statistics.wallMs,
      cpu_ms: statistics.cpuMs,
      peak_memory_bytes: statistics.peakMemoryBytes,
      event_bytes: statistics.eventBytes,
      result_bytes: statistics.resultBytes,
      stdout_bytes: statistics.stdoutBytes,
      stderr_bytes: statistics.stderrBytes,
    },
    runtime,
  };
}

function jsonLines(value: JsonValue): string[] {
  return JSON.stringify(value, undefined, 2).split('\n').map(visible);
}

function errorLines({
  name,
  message,
  file,
  line,
  column,
  stack,
}: NonNullable<ScriptOutcome['error']>): string[] {
  const place = [
    file,
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(column === undefined ? [] : [`column ${column}`]),
  ].join(', ');
  const where = file === undefined ? '' : ` (${visible(place)})`;
  const trace = stack?.split('\n').map((text) => `  ${visible(text)}`) ?? [];
  return [`Error   : ${visible(`${name}: ${message}`)}${where}`, ...trace];
}

function streamLines(title: string, { text, cutBytes }: CapturedText): string[] {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n').map(visible);
  const cut = cutBytes === 0 ? [] : [`… ${cutBytes} bytes more were cut`];
  return [title, ...lines, ...cut];
}
