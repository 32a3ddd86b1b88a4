import type { ServiceDesk, ShownService } from '../../src/engine/services/service-desk.ts';

const SERVICE: ShownService = {
  id: 'job_abc',
  name: 'import_patients',
  endpoint: 'https://his.example.com/import',
  executionPlan: { period: 'daily', time: '15:57', timezone: 'Europe/Madrid' },
  isPaused: false,
  nextDueAt: new Date('2027-01-01T14:57:00Z'),
  lastCall: { at: new Date('2026-12-31T14:57:00Z'), resultCode: 'success' },
  json: { id: 'job_abc', name: 'import_patients', description: '' },
};

/** One service that was called once, whatever is asked. Keeps what it was told to make. */
export function fakeServices(told: unknown[]): ServiceDesk {
  return {
    list: async () => [SERVICE],
    show: async () => SERVICE,
    async add(service) {
      told.push(service);
      return SERVICE;
    },
    async change(_, patch) {
      told.push(patch);
      return { ...SERVICE, isPaused: patch['paused'] === true };
    },
    remove: async () => undefined,
  };
}
