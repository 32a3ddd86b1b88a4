import { sftpPath } from '../../engine/task/sftp-path.ts';
import type { SftpConnections } from '../../engine/hosting/sftp-connections.ts';
import type {
  ArrivalFolder,
  ArrivalFolders,
  WatchedPlace,
} from '../../engine/ports/arrival-folder.ts';
import { SftpArrivalFolder } from './sftp-arrival-folder.ts';

/** The folders of SFTP servers that triggers watch. */
export class SftpArrivalFolders implements ArrivalFolders {
  readonly #connections: Pick<SftpConnections, 'use'>;
  readonly #copies: string;

  /** `copies`: where files are copied to, on this machine. */
  constructor(connections: Pick<SftpConnections, 'use'>, copies: string) {
    this.#connections = connections;
    this.#copies = copies;
  }

  async open({ definition, id, accountId }: WatchedPlace): Promise<ArrivalFolder | undefined> {
    if (definition.kind !== 'file' || definition.sftp === undefined) return undefined;
    const { sftp, done, failed } = definition;
    const folder = sftpPath(definition.folder);
    const place = { folder, triggerId: id, done, failed, copies: this.#copies };
    return new SftpArrivalFolder(place, (work) => this.#connections.use(accountId, sftp, work));
  }

  /** Every server can connect. */
  placeOf(): undefined {
    return undefined;
  }
}
