import type { Schedule } from '../engine/ports/schedule-store.ts';
import { ApiProblem } from './problem.ts';
import type { Call } from './route.ts';

/** The schedule of the call. Another account's is not there. */
export async function ownSchedule({
  params: { schedule_id: id },
  actor,
  ports,
}: Pick<Call<{ readonly schedule_id: string }>, 'params' | 'actor' | 'ports'>): Promise<Schedule> {
  const schedule = await ports.schedules.store.find(id);
  if (schedule?.accountId === actor.accountId) return schedule;
  throw new ApiProblem('not_found', `there is no schedule ${id}`);
}
