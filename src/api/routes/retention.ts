import { z } from 'zod';
import type { RetentionRules } from '../../engine/hosting/retention.ts';
import { route } from '../route.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const Rules = z.object({
  keep_days: z.number().nullable(),
  keep_bytes: z.int().nullable(),
  until_acknowledged: z.boolean(),
});

export const retentionRoutes = [
  route({
    method: 'GET',
    path: '/v1/retention',
    operationId: 'previewRetention',
    tag: 'Server',
    summary: 'Which runs the rules of retention would remove now',
    description:
      'Nothing is removed. With a query the rules are tried that it names, else those of the server.',
    scope: 'admin',
    query: z.strictObject({
      keep_days: z.coerce.number().min(0).optional(),
      keep_bytes: z.coerce.number().int().min(0).optional(),
      until_acknowledged: z.enum(['true', 'false']).optional(),
    }),
    responses: {
      200: {
        description: 'The rules, and the runs that would go, the oldest first',
        schema: z.object({
          rules: Rules,
          data: z.array(
            z.object({
              run_id: z.string(),
              account_id: z.string(),
              task: z.string(),
              status: z.string(),
              ended_at: z.iso.datetime(),
              bytes: z.int(),
              reason: z.enum(['age', 'space']),
            }),
          ),
        }),
      },
    },
    handle: async ({ query, ports: { retention } }) => {
      const isAsked = Object.keys(query).length > 0;
      const rules: RetentionRules = isAsked
        ? {
            keptMs: query.keep_days === undefined ? undefined : query.keep_days * DAY_MS,
            maxBytes: query.keep_bytes,
            untilAcknowledged: query.until_acknowledged === 'true',
          }
        : retention.rules;
      const leaving = await retention.preview(rules);
      const { keptMs, maxBytes, untilAcknowledged } = rules;
      return {
        status: 200,
        json: {
          rules: {
            keep_days: keptMs === undefined ? null : keptMs / DAY_MS,
            keep_bytes: maxBytes ?? null,
            until_acknowledged: untilAcknowledged,
          },
          data: leaving.map(({ run, bytes, endedAtMs, reason }) => ({
            run_id: run.record.runId,
            account_id: run.accountId,
            task: run.record.task,
            status: run.state.status,
            ended_at: new Date(endedAtMs).toISOString(),
            bytes,
            reason,
          })),
        },
      };
    },
  }),
];
