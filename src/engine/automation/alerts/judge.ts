import type {
  AlertChange,
  AlertIncident,
  AlertNotice,
  EndedRun,
  WatchedSubject,
  WatchedTime,
} from '../../ports/alert-store.ts';
import type { RunStatus } from '../../run/status.ts';
import { alertPayload, lengthWords, linkTo, time, type PublicUrl } from './alert-message.ts';
import type { AlertRule } from './alert-rule.ts';
import { quietUntil } from './quiet-hours.ts';

/** What rules are judged with. */
export interface JudgeWorld {
  readonly nowMs: number;
  readonly makeIncidentId: () => string;
  readonly publicUrl: PublicUrl;
}

/** What is wrong with a subject, or that it is well. Undefined: this says nothing of it. */
type Finding =
  | { readonly isWell: false; readonly summary: string; readonly lines: readonly string[] }
  | { readonly isWell: true; readonly summary: string }
  | undefined;

const FAILED: ReadonlySet<RunStatus> = new Set(['failure', 'internal_error']);
/** A run that failed in part has done its work: its rows are a matter of the rate of errors. */
const WELL: ReadonlySet<RunStatus> = new Set(['success', 'partial']);

/** What comes of the end of a run for all that watch over it. */
export function judgeRun(
  run: EndedRun,
  watched: readonly (WatchedSubject & { readonly recent: readonly RunStatus[] })[],
  world: JudgeWorld,
): readonly AlertChange[] {
  return watched.flatMap((each) => {
    const finding = findingOf(run, each);
    return changeOf(each, { finding, runId: run.runId, lines: runLines(run, world) }, world);
  });
}

/** What comes of looking at the clock. */
export function judgeTimes(
  watched: readonly (WatchedSubject & { readonly time: WatchedTime | undefined })[],
  world: JudgeWorld,
): readonly AlertChange[] {
  return watched.flatMap((each) => {
    const { rule, open, lastToldMs, time: about } = each;
    if (open?.isMuted === true && !isQuiet(rule, lastToldMs, world.nowMs)) {
      const text = `${open.text}\nIt has lasted since ${time(open.openedAtMs)}.`;
      const notice = noticeOf(rule, { type: 'alert.opened', incident: { ...open, text } }, world);
      return [{ kind: 'tell', incident: open, notice }];
    }
    if (about === undefined) return [];
    const finding = timeFinding(about, rule, world.nowMs);
    return changeOf(each, { finding, runId: undefined, lines: [] }, world);
  });
}

function findingOf(
  run: EndedRun,
  { rule, subject, recent }: WatchedSubject & { readonly recent: readonly RunStatus[] },
): Finding {
  const { condition } = rule;
  const name = nameOf(run, subject);
  const rows = run.succeeded + run.failed;
  switch (condition.kind) {
    case 'failures':
      return failing(run, { name, recent, count: condition.count });
    case 'monitored': {
      const count = run.job?.failures;
      return count === undefined ? undefined : failing(run, { name, recent, count });
    }
    case 'zero_rows':
      if (run.status !== 'success') return undefined;
      if (rows > 0) return { isWell: true, summary: `${name} has rows again: ${rows}` };
      return { isWell: false, summary: `${name} ended well and had no row`, lines: [] };
    case 'error_rate': {
      if (rows === 0) return undefined;
      const percent = (100 * run.failed) / rows;
      const words = `${percent.toFixed(1)} % of the rows of ${name} failed (${run.failed} of ${rows})`;
      if (percent <= condition.percent) return { isWell: true, summary: words };
      return { isWell: false, summary: `${words}, more than ${condition.percent} %`, lines: [] };
    }
    case 'late':
    case 'no_success':
      // The clock says so; a run that ended well is seen there too.
      return undefined;
  }
}

function failing(
  { status }: EndedRun,
  {
    name,
    recent,
    count,
  }: { readonly name: string; readonly recent: readonly RunStatus[]; readonly count: number },
): Finding {
  if (WELL.has(status)) return { isWell: true, summary: `${name} runs again: ${status}` };
  if (!FAILED.has(status)) return undefined;
  const told = recent.filter((each) => FAILED.has(each) || WELL.has(each));
  const first = told.findIndex((each) => !FAILED.has(each));
  const failures = first === -1 ? told.length : first;
  if (failures < count) return undefined;
  const words = count === 1 ? 'has failed' : `has failed ${count} times in a row`;
  return { isWell: false, summary: `${name} ${words}`, lines: [] };
}

function timeFinding(about: WatchedTime, rule: AlertRule, nowMs: number): Finding {
  const { condition } = rule;
  if (about.kind === 'late' && condition.kind === 'late') {
    const { name, nextDueMs, last } = about;
    const lateMs = condition.after * 1_000;
    const isLeft = nextDueMs !== undefined && nextDueMs <= nowMs - lateMs;
    const missed = isLeft ? { dueMs: nextDueMs, verdict: 'waiting', message: undefined } : last;
    if (missed === undefined) return undefined;
    if (missed.verdict === 'fired') {
      return { isWell: true, summary: `${name} runs again: it was due ${time(missed.dueMs)}` };
    }
    const why = missed.message === undefined ? '' : `: ${missed.message}`;
    return {
      isWell: false,
      summary: `${name} did not run: it was due ${time(missed.dueMs)}`,
      lines: [`What became of that time: ${missed.verdict}${why}`],
    };
  }
  if (about.kind === 'no_success' && condition.kind === 'no_success') {
    const { name, lastSuccessMs } = about;
    const sinceMs = Math.max(lastSuccessMs ?? 0, rule.createdAtMs);
    if (nowMs - sinceMs <= condition.within * 1_000) {
      if (lastSuccessMs === undefined) return undefined;
      return { isWell: true, summary: `${name} has run well again, at ${time(lastSuccessMs)}` };
    }
    const last = lastSuccessMs === undefined ? 'never' : time(lastSuccessMs);
    return {
      isWell: false,
      summary: `${name} has not run well for ${lengthWords(nowMs - sinceMs)}`,
      lines: [`Its last run that ended well: ${last}`],
    };
  }
  return undefined;
}

function changeOf(
  { rule, subject, open, lastToldMs }: WatchedSubject,
  {
    finding,
    runId,
    lines,
  }: {
    readonly finding: Finding;
    readonly runId: string | undefined;
    readonly lines: readonly string[];
  },
  world: JudgeWorld,
): readonly AlertChange[] {
  const { nowMs, makeIncidentId } = world;
  if (finding === undefined || (finding.isWell && open === undefined)) return [];
  if (finding.isWell && open !== undefined) {
    const text = `${finding.summary}\nIt had lasted since ${time(open.openedAtMs)}: ${open.summary}`;
    const over = { ...open, summary: finding.summary, text, resolvedAtMs: nowMs };
    const isTold = rule.tellsRecovery && !open.isMuted;
    const notice = isTold
      ? noticeOf(rule, { type: 'alert.resolved', incident: over }, world)
      : undefined;
    return [{ kind: 'resolve', incident: open, resolvedAtMs: nowMs, notice }];
  }
  if (finding.isWell || open !== undefined) return [];
  const incident: AlertIncident = {
    id: makeIncidentId(),
    ruleId: rule.id,
    accountId: rule.accountId,
    subject,
    openedAtMs: nowMs,
    resolvedAtMs: undefined,
    runId,
    summary: finding.summary,
    text: [finding.summary, ...finding.lines, ...lines].join('\n'),
    isMuted: isQuiet(rule, lastToldMs, nowMs),
  };
  const notice = incident.isMuted
    ? undefined
    : noticeOf(rule, { type: 'alert.opened', incident }, world);
  return [{ kind: 'open', incident, notice }];
}

function isQuiet({ quietMs }: AlertRule, lastToldMs: number | undefined, nowMs: number): boolean {
  return lastToldMs !== undefined && nowMs - lastToldMs < quietMs;
}

function noticeOf(
  rule: AlertRule,
  { type, incident }: Pick<AlertNotice, 'type'> & { readonly incident: AlertIncident },
  { nowMs, publicUrl }: JudgeWorld,
): AlertNotice {
  const facts = { ...incident, incidentId: incident.id };
  return {
    type,
    payload: alertPayload(rule, type, { facts, atMs: nowMs, publicUrl }),
    heldUntilMs: quietUntil(rule.quietHours, nowMs),
  };
}

function nameOf({ job, schedule, task }: EndedRun, subject: string): string {
  if (subject.startsWith('schedule:')) return `schedule ${schedule?.name ?? subject}`;
  if (subject.startsWith('job:')) return `job ${job?.name ?? subject}`;
  return `task ${task}`;
}

/** What a person looks for next. */
function runLines(run: EndedRun, { publicUrl }: JudgeWorld): readonly string[] {
  const { runId, status, finishedAtMs, message, firstCause, succeeded, failed } = run;
  const link = linkTo(runId, publicUrl);
  const ended = `Run ${runId} ended ${time(finishedAtMs)} as ${status}`;
  return [
    message === undefined ? ended : `${ended}: ${message}`,
    `Rows: ${succeeded} ok, ${failed} failed`,
    ...(firstCause === undefined
      ? []
      : [
          `First error: row ${firstCause.row}: ${firstCause.message} (${rowWords(firstCause.count)})`,
        ]),
    ...(link === undefined ? [] : [`Look: ${link}`]),
    `Next: rowmill runs show ${runId}, rowmill runs errors ${runId}`,
  ];
}

function rowWords(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`;
}
