import { z } from 'zod';
import { ARRIVAL_WORD, isArrival } from '../../engine/automation/read-trigger.ts';
import type { SftpDefinition, StoredSftpConnection } from '../../engine/ports/sftp-store.ts';
import { PAGE_HEADERS, pageOf, pageReply } from '../page-of.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { ownSftp, type SftpCall } from '../own-sftp.ts';
import {
  NewSftp,
  OneSftp,
  SftpBody,
  sftpDefinition,
  SftpPatch,
  SftpTestBody,
  sftpTestWire,
  sftpWire,
} from '../wire/sftp-wire.ts';

const tag = 'SFTP';
const RESPONSE = { description: 'The connection', schema: SftpBody };
/** Of an account. */
const MOST_CONNECTIONS = 100;

export const sftpConnectionRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/sftp-connections',
    operationId: 'listSftpConnections',
    tag,
    summary: 'SFTP servers that the account works with, by name',
    scope: 'jobs:read',
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(50),
      after: z.string().max(100).optional().meta({ description: '`next` of the page before' }),
    }),
    responses: {
      200: { description: 'A page', schema: pageOf(SftpBody), headers: PAGE_HEADERS },
    },
    handle: async ({ query: { limit, after }, actor, ports, context }) => {
      const found = await ports.sftp.store.page(actor.accountId, { limit: limit + 1, after });
      const data = found.slice(0, limit).map(sftpWire);
      const next = found.length > limit ? (data.at(-1)?.name ?? null) : null;
      return pageReply(context, { data, next });
    },
  }),
  route({
    method: 'POST',
    path: '/v1/sftp-connections',
    operationId: 'createSftpConnection',
    tag,
    summary: 'Name an SFTP server, and how it is entered',
    description:
      'By a password or a private key, each a secret of the account (`PUT /v1/secrets/{secret_name}`). What is not named has a default: port 22, the folder that the server gives, 10 s to connect, 30 s for an answer.',
    scope: 'jobs:admin',
    body: NewSftp,
    responses: { 201: { ...RESPONSE, headers: { Location: 'Where the connection is' } } },
    problems: ['conflict'],
    handle: async ({ body, actor: { accountId }, ports }) => {
      const { store } = ports.sftp;
      const definition = sftpDefinition(body);
      refuseConnection(definition, ports);
      const all = await store.page(accountId, { limit: MOST_CONNECTIONS, after: undefined });
      if (all.length >= MOST_CONNECTIONS) {
        const message = `the account has ${MOST_CONNECTIONS} SFTP connections: delete one first`;
        throw new ApiProblem('conflict', message);
      }
      const made = await store.create(accountId, definition, body.host_key ?? undefined);
      if (made === undefined) {
        throw new ApiProblem('conflict', `the account has an SFTP connection ${body.name} already`);
      }
      const headers = { Location: `/v1/sftp-connections/${body.name}` };
      return { status: 201, json: sftpWire(made), headers };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/sftp-connections/{sftp_name}',
    operationId: 'getSftpConnection',
    tag,
    summary: 'One SFTP connection',
    scope: 'jobs:read',
    params: OneSftp,
    responses: { 200: RESPONSE },
    handle: async (call) => ({ status: 200, json: sftpWire(await ownSftp(call)) }),
  }),
  route({
    method: 'PATCH',
    path: '/v1/sftp-connections/{sftp_name}',
    operationId: 'changeSftpConnection',
    tag,
    summary: 'Change an SFTP connection; what is not named stays',
    description:
      'With another host or port the key that was written down is forgotten, unless the same change names the new one. Another host, port, user or root is refused while a schedule that is not paused waits for files there.',
    scope: 'jobs:admin',
    params: OneSftp,
    body: SftpPatch,
    responses: { 200: RESPONSE },
    problems: ['conflict'],
    handle: async (call) => {
      const { body, actor, ports } = call;
      const before = await ownSftp(call);
      const { created_at: _, updated_at: __, ...wire } = sftpWire(before);
      // One way in takes the place of the other.
      const isOther = body.password_secret != null || body.private_key_secret != null;
      const none = { password_secret: null, private_key_secret: null, passphrase_secret: null };
      const definition = sftpDefinition(
        NewSftp.parse({ ...wire, ...(isOther ? none : {}), ...body }),
      );
      refuseConnection(definition, ports);
      if (!isSameTree(before.definition, definition)) {
        await refuseWatched(actor.accountId, definition.name, ports);
      }
      const hostKey = body.host_key === undefined ? keptKey(before, definition) : body.host_key;
      const changed = await ports.sftp.store.update(
        actor.accountId,
        definition,
        hostKey ?? undefined,
      );
      if (changed === undefined) throw gone(call);
      return { status: 200, json: sftpWire(changed) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/sftp-connections/{sftp_name}',
    operationId: 'deleteSftpConnection',
    tag,
    summary: 'Forget an SFTP connection; what lies on the server stays',
    description: 'Refused while a schedule that is not paused waits for files there.',
    scope: 'jobs:admin',
    params: OneSftp,
    responses: { 204: { description: 'It is gone' } },
    problems: ['conflict'],
    handle: async (call) => {
      const { accountId, definition } = await ownSftp(call);
      await refuseWatched(accountId, definition.name, call.ports);
      await call.ports.sftp.store.delete(accountId, definition.name);
      return { status: 204 };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/sftp-connections/{sftp_name}/test',
    operationId: 'testSftpConnection',
    tag,
    summary: 'Connect, and say what was seen',
    description:
      'A host that has no key written down is known by the one that it shows now. One that shows another key than it had is not entered: the answer names both.',
    scope: 'jobs:admin',
    params: OneSftp,
    responses: { 200: { description: 'What it saw', schema: SftpTestBody } },
    problems: ['sftp_unreachable', 'sftp_failed'],
    handle: async (call) => {
      const tested = await call.ports.sftp.connections.test(await ownSftp(call));
      return { status: 200, json: sftpTestWire(tested) };
    },
  }),
];

/** Throws for an address that this server does not connect to, and for no way in, or two. */
function refuseConnection(
  { host, passwordSecret, privateKeySecret, passphraseSecret }: SftpDefinition,
  ports: Call['ports'],
): void {
  const why = ports.sftp.whyNot(host);
  if (why !== undefined) throw at('body.host', why);
  if (passwordSecret === undefined && privateKeySecret === undefined) {
    throw at(
      'body.password_secret',
      'is missing, and body.private_key_secret too: name one secret',
    );
  }
  if (passwordSecret !== undefined && privateKeySecret !== undefined) {
    throw at('body.password_secret', 'and body.private_key_secret are both there: expected one');
  }
  if (passphraseSecret !== undefined && privateKeySecret === undefined) {
    throw at('body.passphrase_secret', 'opens a private key, and there is none');
  }
}

/** What is claimed there could not be put away any more. */
async function refuseWatched(
  accountId: string,
  name: string,
  { schedules }: Call['ports'],
): Promise<void> {
  const watching = await schedules.triggers.listening(accountId, ARRIVAL_WORD);
  const found = watching.find(
    ({ definition }) => isArrival(definition) && definition.sftp === name,
  );
  if (found === undefined) return;
  const message = `the schedule ${found.id} waits for files of ${name}: delete or pause it first`;
  throw new ApiProblem('conflict', message);
}

/** Whether paths lead to the same files. Who enters as another user may be shown other ones. */
function isSameTree(before: SftpDefinition, now: SftpDefinition): boolean {
  const parts = ['host', 'port', 'user', 'root'] as const;
  return parts.every((part) => before[part] === now[part]);
}

function at(place: string, what: string): ApiProblem {
  const message = `${place}: ${what}`;
  return new ApiProblem('bad_request', message, { details: [{ at: place, message }] });
}

/** Undefined where the host is another one now. */
function keptKey(
  { definition: before, hostKey }: StoredSftpConnection,
  { host, port }: SftpDefinition,
): string | undefined {
  return host === before.host && port === before.port ? hostKey : undefined;
}

function gone({ params }: Pick<SftpCall, 'params'>): ApiProblem {
  return new ApiProblem('not_found', `there is no SFTP connection ${params.sftp_name}`);
}
