import type { SystemDesk } from '../../src/engine/automation/system/system-desk.ts';

const EXECUTION = {
  id: 'sys_abc',
  startedAt: new Date('2026-11-21T09:30:00Z'),
  durationMs: 12,
  status: 'success',
  trigger: 'plan',
  counts: { removed: 3, bytes: 48_210 },
  message: undefined,
  skipped: 0,
  json: { id: 'sys_abc' },
};
const JOB = {
  name: 'retention',
  description: 'Removes runs that were kept long enough',
  plan: 'at 03:00 Europe/Madrid',
  defaultPlan: 'every 3600 s',
  isExecuting: false,
  nextDueAt: new Date('2026-11-22T02:00:00Z'),
  last: EXECUTION,
  json: { name: 'retention' },
};

/** One job that has removed three, and one that fails when it is called. */
export function fakeSystem(): SystemDesk {
  return {
    list: async () => [JOB, { ...JOB, name: 'compact', nextDueAt: undefined, last: undefined }],
    show: async () => JOB,
    run: async (name) =>
      name === 'compact'
        ? { ...EXECUTION, status: 'error', counts: {}, message: 'the disk is full' }
        : EXECUTION,
    log: async () => [EXECUTION, { ...EXECUTION, counts: {}, skipped: 2 }],
  };
}
