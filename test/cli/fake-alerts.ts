import type { AlertDesk } from '../../src/engine/automation/alerts/alert-desk.ts';

const ALERT = {
  id: 'alr_abc',
  name: 'ops',
  scope: 'account',
  condition: 'failures count=3',
  tells: ['ops@example.com'],
  isPaused: false,
  json: { id: 'alr_abc', name: 'ops', quiet: 300 },
};
const INCIDENT = {
  id: 'inc_abc',
  openedAt: new Date('2026-11-21T09:30:00Z'),
  resolvedAt: undefined,
  isMuted: false,
  summary: 'job import has failed 3 times in a row',
  json: { id: 'inc_abc' },
};
const DELIVERY = {
  createdAt: new Date('2026-11-21T09:30:00Z'),
  type: 'alert.opened',
  alert: 'ops',
  to: 'mailto:ops@example.com',
  status: 'pending',
  heldUntil: undefined,
  attempts: 2,
  words: 'answered 451',
  json: { id: 'msg_abc' },
};

/** One alert that has found something. Keeps what it was told. */
export function fakeAlerts(told: unknown[]): AlertDesk {
  return {
    list: async () => [ALERT],
    show: async () => ({ ...ALERT, open: [INCIDENT] }),
    async add(alert) {
      told.push(alert);
      return ALERT;
    },
    addWebhook: async (url) => ({ id: 'whk_abc', secret: `whsec_of_${url}` }),
    async change(_, patch) {
      told.push(patch);
      return ALERT;
    },
    remove: async () => undefined,
    test: async () => ['ops@example.com'],
    log: async () => [DELIVERY, { ...DELIVERY, heldUntil: new Date('2026-11-22T06:00:00Z') }],
    incidents: async () => [INCIDENT, { ...INCIDENT, isMuted: true, resolvedAt: new Date(0) }],
  };
}
