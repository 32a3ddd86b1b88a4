import type { ShownJobRun } from '../../../engine/jobs/job-desk.ts';
import { visible } from '../../visible-text.ts';

/** The record of a run, for a person: what it was, what it was given, what came of it, what it printed. */
export function recordLines(run: ShownJobRun): readonly string[] {
  return [
    `Id      : ${run.runId}`,
    `Created : ${utc(run.createdAt)}`,
    `Duration: ${(run.durationMs / 1_000).toFixed(3)}`,
    `Status  : ${statusOf(run)}`,
    ...messageLines(run),
    'Input   :',
    ...linesOf(JSON.stringify(run.input, undefined, 2)),
    ...outcomeLines(run),
  ];
}

/** With the result, where the status does not say it. */
function statusOf({ status, resultCode }: ShownJobRun): string {
  return resultCode === undefined || resultCode === status ? status : `${status} (${resultCode})`;
}

function messageLines({ message, resultCode }: ShownJobRun): readonly string[] {
  return message === undefined || resultCode === 'success' ? [] : [`Message : ${visible(message)}`];
}

function outcomeLines(run: ShownJobRun): readonly string[] {
  if (run.script !== undefined) return scriptLines(run.script);
  return run.reply === undefined ? rowLines(run) : replyLines(run.reply);
}

function rowLines({ succeeded, failed }: ShownJobRun): readonly string[] {
  return [`Rows    : ${succeeded} succeeded, ${failed} failed`];
}

function scriptLines(script: NonNullable<ShownJobRun['script']>): readonly string[] {
  const { result, stdout, stderr, log, statistics } = script;
  const figures = Object.entries(statistics).map(([name, value]) => `"${name}": ${value}`);
  return [
    ...replyLines({ result, log }),
    'Stdout  :',
    ...printedLines(stdout),
    'Stderr  :',
    ...printedLines(stderr),
    `# Runtime Statistics: {${figures.join(', ')}}`,
  ];
}

function replyLines({ result, log }: NonNullable<ShownJobRun['reply']>): readonly string[] {
  return [
    `Result  : ${result === null ? 'n/a' : visible(JSON.stringify(result))}`,
    ...(log.length === 0 ? [] : ['Log     :']),
    ...log.map(({ level, message }) => `${level.padEnd(5)} ${visible(message)}`),
  ];
}

function printedLines({
  text,
  cutBytes,
}: NonNullable<ShownJobRun['script']>['stdout']): readonly string[] {
  const cut = cutBytes === 0 ? [] : [`(${cutBytes} bytes more were not kept)`];
  return [...linesOf(text.replace(/\n$/, '')), ...cut, ''];
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).map(visible);
}

/** `2024-06-24 22:58:02`, UTC. */
function utc(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ');
}
