import type { ScheduleDesk, ShownFiring } from '../../src/engine/automation/schedule-desk.ts';

const SCHEDULE = {
  id: 'sch_abc',
  name: 'nightly',
  work: 'task numbers/count',
  jobId: undefined,
  trigger: { kind: 'daily_at', time: '02:30', zone: 'Europe/Madrid' },
  isPaused: false,
  nextDueAt: new Date('2026-11-22T01:30:00Z'),
  json: { id: 'sch_abc', name: 'nightly' },
};
const FIRING: ShownFiring = {
  dueAt: new Date('2026-11-21T01:30:00Z'),
  verdict: 'fired',
  runId: 'run_abc',
  outcome: 'success',
  message: undefined,
  count: 1,
  json: { id: 'fir_abc', verdict: 'fired' },
};

/** One schedule that has fired once, whatever is asked. Keeps what it was told to make. */
export function fakeSchedules(told: unknown[]): ScheduleDesk {
  return {
    list: async () => [SCHEDULE],
    show: async () => SCHEDULE,
    async add(schedule) {
      told.push(schedule);
      return SCHEDULE;
    },
    async change(_, patch) {
      told.push(patch);
      return { ...SCHEDULE, isPaused: patch['paused'] === true };
    },
    async remove(_, how) {
      if (how?.isForced !== true) return undefined;
      const files = [
        { firing_id: 'fir_abc', name: 'a.csv', is_done: false, run_id: null },
        { firing_id: 'fir_def', name: 'b.csv', is_done: true, run_id: 'run_1' },
        { firing_id: 'fir_ghi', name: 'c.csv', is_done: true, run_id: null },
      ];
      return { why: '/in is not there', sftp: null, claimed: '/in/.rowmill/sch_a', files };
    },
    async preview(trigger) {
      told.push(trigger);
      const marks = ['clocks_changed', 'moved'];
      const local = '2027-03-28T03:00:00+02:00';
      return { zone: 'Europe/Madrid', occurrences: [{ local, marks, json: { local, marks } }] };
    },
    fire: async () => FIRING,
    firings: async () => [FIRING],
  };
}
