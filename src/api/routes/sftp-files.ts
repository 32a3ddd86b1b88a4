import { z } from 'zod';
import { sftpFilePath, sftpPath } from '../../engine/task/sftp-path.ts';
import { LARGEST_TRANSFER, placeFile } from '../../engine/hosting/sftp-files.ts';
import type { SftpSession } from '../../engine/ports/sftp-session.ts';
import { ownSftp, type SftpCall } from '../own-sftp.ts';
import { ApiProblem } from '../problem.ts';
import { readBody } from '../read-body.ts';
import { route, type AnyRoute } from '../route.ts';
import { OneSftp, SftpEntryBody, sftpEntryWire } from '../wire/sftp-wire.ts';

const tag = 'SFTP';
const BYTES = 'application/octet-stream';
const problems = ['sftp_unreachable', 'sftp_failed', 'input_not_found', 'too_large'] as const;
const OneFile = z.object({
  path: z.string().min(1).max(1_000).meta({
    description: 'Below the root of the connection',
    example: 'in/orders.csv',
  }),
});

export const sftpFileRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/sftp-connections/{sftp_name}/files',
    operationId: 'listSftpFiles',
    tag,
    summary: 'What lies in a folder of an SFTP server, 10,000 entries at most',
    scope: 'jobs:admin',
    params: OneSftp,
    query: z.object({
      folder: z.string().max(1_000).default('').meta({
        description: 'Below the root of the connection; empty for the root',
      }),
    }),
    responses: {
      200: {
        description: 'All of it, by name',
        schema: z.object({ data: z.array(SftpEntryBody) }),
      },
    },
    problems,
    handle: async (call) => {
      const folder = sftpPath(call.query.folder);
      const found = await using(call, (session) => session.list(folder));
      const data = [...found].sort((a, b) => (a.name < b.name ? -1 : 1)).map(sftpEntryWire);
      return { status: 200, json: { data } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/sftp-connections/{sftp_name}/file',
    operationId: 'readSftpFile',
    tag,
    summary: 'A file of an SFTP server, 16 MiB at most',
    scope: 'jobs:admin',
    params: OneSftp,
    query: OneFile,
    responses: { 200: { description: 'Its content', content: BYTES } },
    problems,
    handle: async (call) => {
      const path = sftpFilePath(call.query.path);
      const content = await using(call, (session) => session.read(path, LARGEST_TRANSFER));
      call.context.type = BYTES;
      call.context.body = Buffer.from(content);
      return 'sent';
    },
  }),
  route({
    method: 'PUT',
    path: '/v1/sftp-connections/{sftp_name}/file',
    operationId: 'writeSftpFile',
    tag,
    summary: 'Write a file on an SFTP server, 16 MiB at most',
    description:
      'It is there once all of it is: until then its bytes lie beside it under a name that begins with a dot. A file of the same name gives way; the folder must be there.',
    scope: 'jobs:admin',
    params: OneSftp,
    query: OneFile,
    reads: [BYTES],
    responses: { 204: { description: 'It is there' } },
    problems,
    handle: async (call) => {
      const path = sftpFilePath(call.query.path);
      await ownSftp(call);
      const content = await readBody(call.context.req, LARGEST_TRANSFER);
      const id = call.ports.makeId('put');
      await placeFile({ path, content, id }, (work) => using(call, work));
      return { status: 204 };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/sftp-connections/{sftp_name}/file',
    operationId: 'deleteSftpFile',
    tag,
    summary: 'Remove a file of an SFTP server',
    scope: 'jobs:admin',
    params: OneSftp,
    query: OneFile,
    responses: { 204: { description: 'It is gone' } },
    problems,
    handle: async (call) => {
      const path = sftpFilePath(call.query.path);
      const wasThere = await using(call, (session) => session.remove(path));
      if (wasThere) return { status: 204 };
      const { sftp_name: name } = call.params;
      throw new ApiProblem('not_found', `SFTP ${name}: ${path}: there is no such file`);
    },
  }),
];

async function using<Result>(
  call: SftpCall,
  work: (session: SftpSession) => Promise<Result>,
): Promise<Result> {
  const { accountId, definition } = await ownSftp(call);
  return call.ports.sftp.connections.use(accountId, definition.name, work);
}
