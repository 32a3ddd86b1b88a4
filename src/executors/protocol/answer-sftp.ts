import { messageOf } from '../../engine/errors.ts';
import type { JsonValue, ScriptCall } from '../../engine/ports/script-executor.ts';
import type { ReplyMessage, SftpRequest } from './script-wire.ts';

/** Does what a program asks of an SFTP server. What goes wrong is for the script to know. */
export async function answerSftp(
  sftp: ScriptCall['sftp'],
  request: SftpRequest,
): Promise<ReplyMessage> {
  const { id } = request;
  try {
    return { type: 'reply', id, value: await answer(sftp, request) };
  } catch (error) {
    return { type: 'reply', id, error: messageOf(error) };
  }
}

async function answer(
  sftp: ScriptCall['sftp'],
  { connection, operation, path, to = '', data = '' }: SftpRequest,
): Promise<JsonValue> {
  if (sftp === undefined) throw new Error('there are no SFTP connections here: a job has them');
  const server = sftp(connection);
  switch (operation) {
    case 'read':
      return Buffer.from(await server.read(path)).toString('base64');
    case 'write':
      await server.write(path, Buffer.from(data, 'base64'));
      return null;
    case 'list':
      return (await server.list(path)).map(({ name, kind, bytes, modified_at: at }) => ({
        name,
        kind,
        bytes,
        modified_at: at,
      }));
    case 'rename':
      await server.rename(path, to);
      return null;
    case 'delete':
      return server.delete(path);
    case 'exists':
      return server.exists(path);
  }
}
