import { z } from 'zod';
import { route } from '../route.ts';

const tag = 'Server';

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
];
