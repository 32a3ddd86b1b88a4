import { z } from 'zod';
import { route } from '../route.ts';

const tag = 'Server';
const Check = z.object({ ok: z.boolean(), message: z.string().nullable() });
const Readiness = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.object({ store: Check, disk: Check, host: Check }),
  })
  .meta({
    id: 'Readiness',
    example: {
      status: 'ready',
      checks: {
        store: { ok: true, message: null },
        disk: { ok: true, message: null },
        host: { ok: true, message: null },
      },
    },
  });

export const serverRoutes = [
  route({
    method: 'GET',
    path: '/healthz',
    operationId: 'getHealth',
    tag,
    summary: 'Whether the process answers',
    scope: 'public',
    responses: { 200: { description: 'It does', schema: z.object({ status: z.literal('ok') }) } },
    handle: async () => ({ status: 200, json: { status: 'ok' } }),
  }),
  route({
    method: 'GET',
    path: '/readyz',
    operationId: 'getReadiness',
    tag,
    summary: 'Whether runs can be taken and carried out',
    description:
      '`store`: the database answers. `disk`: there is space left. `host`: due runs are looked for.',
    scope: 'public',
    responses: {
      200: { description: 'They can', schema: Readiness },
      503: { description: 'They cannot, and why', schema: Readiness },
    },
    handle: async ({ ports }) => {
      const checks = await ports.readiness();
      const isReady = Object.values(checks).every(({ ok }) => ok);
      return {
        status: isReady ? 200 : 503,
        json: { status: isReady ? 'ready' : 'not_ready', checks },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/metrics',
    operationId: 'getMetrics',
    tag,
    summary: 'Figures for Prometheus',
    scope: 'metrics:read',
    responses: { 200: { description: 'Text format of Prometheus', content: 'text/plain' } },
    handle: async ({ ports, context }) => {
      context.status = 200;
      context.set('Content-Type', ports.metrics.contentType);
      context.body = await ports.metrics.text();
      return 'sent';
    },
  }),
];
