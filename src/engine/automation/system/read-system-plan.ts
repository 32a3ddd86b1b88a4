import { isTimeZone, LONGEST_INTERVAL_S, TIME_OF_DAY } from '../plain-times.ts';
import type { SystemPlan } from './system-plan.ts';

/** What is expected where a plan is written. */
const FORMS = '{"frequency": 300} (seconds), {"time": "00:00", "zone": "UTC"}, "on_call" or "off"';

/** What the configuration says of a job, as a plan; else why it says none. */
export function readSystemPlan(written: unknown): SystemPlan | { readonly problem: string } {
  if (written === 'on_call' || written === 'off') return { kind: written };
  return planOf(written) ?? { problem: `${JSON.stringify(written)} is no plan: expected ${FORMS}` };
}

/** Of the two forms that are objects; what a form does not have may be null. */
function planOf(written: unknown): SystemPlan | undefined {
  if (typeof written !== 'object' || written === null) return undefined;
  const said = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== null));
  const { frequency, time, zone, ...others } = said as Readonly<Record<string, unknown>>;
  if (Object.keys(others).length > 0) return undefined;
  if (typeof frequency === 'number') {
    const isRight =
      Number.isInteger(frequency) && frequency >= 1 && frequency <= LONGEST_INTERVAL_S;
    if (!isRight || time !== undefined || zone !== undefined) return undefined;
    return { kind: 'frequency', seconds: frequency };
  }
  if (frequency !== undefined || typeof time !== 'string' || !TIME_OF_DAY.test(time))
    return undefined;
  if (zone === undefined) return { kind: 'time', time, zone: 'UTC' };
  return typeof zone === 'string' && isTimeZone(zone) ? { kind: 'time', time, zone } : undefined;
}
