import {
  isSystemJob,
  SYSTEM_JOB_NAMES,
  type SystemJobName,
  type SystemPlans,
} from '../engine/automation/system/system-job.ts';
import { readSystemPlan } from '../engine/automation/system/read-system-plan.ts';
import type { SystemPlan } from '../engine/automation/system/system-plan.ts';
import { didYouMean } from '../engine/nearest-names.ts';

/** `{"purge": {"time": "00:00"}}`, as an object or as the text of one; else what is wrong with it. */
export function readSystemPlans(
  written: unknown,
): { readonly value: SystemPlans } | { readonly problem: string } {
  const given = typeof written === 'string' ? parsed(written) : written;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { problem: 'expected an object: {"retention": {"time": "03:00"}}' };
  }
  const plans: Partial<Record<SystemJobName, SystemPlan>> = {};
  for (const [name, said] of Object.entries(given)) {
    if (!isSystemJob(name)) {
      const near = didYouMean(name, SYSTEM_JOB_NAMES);
      return { problem: `there is no job ${JSON.stringify(name)} of the system.${near}` };
    }
    const plan = readSystemPlan(said);
    if ('problem' in plan) return { problem: `${name}: ${plan.problem}` };
    plans[name] = plan;
  }
  return { value: plans };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
