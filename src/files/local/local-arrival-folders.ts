import type {
  ArrivalFolder,
  ArrivalFolders,
  WatchedPlace,
} from '../../engine/ports/arrival-folder.ts';
import type { FileRoots } from './file-roots.ts';
import { LocalArrivalFolder } from './local-arrival-folder.ts';

/** The folders of this machine that triggers watch. */
export class LocalArrivalFolders implements ArrivalFolders {
  readonly #roots: FileRoots;
  readonly #place: string;

  /** `place`: name of the place that files of this server lie in. */
  constructor(roots: FileRoots, place: string) {
    this.#roots = roots;
    this.#place = place;
  }

  async open({ definition, id, accountId }: WatchedPlace): Promise<ArrivalFolder | undefined> {
    if (definition.kind !== 'file' || definition.sftp !== undefined) return undefined;
    const folder = await this.#roots.folder(definition.folder, accountId);
    const { done, failed } = definition;
    return new LocalArrivalFolder({ folder, triggerId: id, done, failed });
  }

  placeOf({ definition }: WatchedPlace): string | undefined {
    const isHere = definition.kind === 'file' && definition.sftp === undefined;
    return isHere ? this.#place : undefined;
  }
}
