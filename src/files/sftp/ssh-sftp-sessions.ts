import { messageOf } from '../../engine/errors.ts';
import type { SftpSessions, SftpTarget } from '../../engine/ports/sftp-session.ts';
import { connectSsh, type SocketSource } from './ssh-connection.ts';
import { SshSftpSession } from './ssh-sftp-session.ts';

/** SFTP over SSH. */
export class SshSftpSessions implements SftpSessions {
  readonly #sockets: SocketSource;

  constructor(sockets: SocketSource) {
    this.#sockets = sockets;
  }

  async open(target: SftpTarget): Promise<SshSftpSession> {
    return SshSftpSession.open(await connectSsh(target, this.#sockets), target.definition);
  }

  whyNot(host: string): string | undefined {
    try {
      this.#sockets.refuse(host);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }
}
