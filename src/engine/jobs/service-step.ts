import type { JobRunStore } from '../ports/job-run-store.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { JsonValue } from '../task/json-value.ts';
import { RunSecrets } from '../run/secrets/run-secrets.ts';
import { callService, type ServiceCallPorts } from '../services/call-service.ts';
import { fail, stop, type Outcome } from '../task/outcome.ts';
import type { RunContext } from '../task/run-context.ts';
import { withSecrets } from '../task/secret-names.ts';
import type { JsonObject, ServiceWork } from './job-definition.ts';
import { boundedLog, reportRow, type ScriptReport } from './script-report.ts';
import { untilStopped } from './until-stopped.ts';

interface ServiceStepPorts extends ServiceCallPorts {
  readonly jobRuns: Pick<JobRunStore, 'find' | 'saveReport'>;
  readonly runs: Pick<HostedRunStore, 'get'>;
}

/** The one step of a run that calls a service: from the request to the reply, or to its timeout. */
export async function serviceStep(
  { jobId, work }: { readonly jobId: string; readonly work: ServiceWork },
  run: RunContext<JsonObject, undefined>,
  ports: ServiceStepPorts,
): Promise<Outcome> {
  const { calls, jobRuns } = ports;
  const { runId, fetch } = run;
  // The reply was kept by a server that went away before the run had ended.
  const kept = (await jobRuns.find(runId))?.report;
  if (kept !== undefined) return ended(kept);
  const secrets = new RunSecrets(run.secrets);
  const endpoint = withSecrets(work.endpoint, (name) => encodeURIComponent(secrets.get(name)));
  const parameters = filled(run.arguments, secrets);
  const outcome = await untilStopped(run, ports, (signal) =>
    callService({ runId, jobId, work, endpoint, parameters, fetch, signal }, ports),
  );
  if (outcome === 'stopped') {
    await calls.end(runId);
    return stop();
  }
  const message = secrets.redact(outcome.message);
  const log = outcome.log.map((line) => ({ ...line, message: secrets.redact(line.message) }));
  for (const line of log) run.log[line.level](line.message);
  const { resultCode } = outcome;
  // It is JSON, and stays that.
  const result =
    outcome.reply === undefined ? null : (secrets.redactIn(outcome.reply) as JsonValue);
  const report: ScriptReport = { resultCode, message, result, log: boundedLog(log) };
  await jobRuns.saveReport(runId, report);
  await calls.end(runId);
  return ended(report);
}

/** The same with the secrets that its texts name. */
function filled(value: unknown, secrets: RunSecrets): unknown {
  if (typeof value === 'string') return withSecrets(value, (name) => secrets.get(name));
  if (Array.isArray(value)) return value.map((item: unknown) => filled(item, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, filled(item, secrets)]),
  );
}

function ended(report: ScriptReport): Outcome {
  const { resultCode, message = '' } = report;
  const isWell = resultCode === 'success' || resultCode === 'idle';
  return stop(isWell ? reportRow(report) : fail({ code: `service_${resultCode}`, message }));
}
