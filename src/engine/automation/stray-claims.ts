import { isElsewhere } from '../errors.ts';
import type { ArrivalClaims, StrayClaim } from '../ports/arrival-claims.ts';
import type { ArrivalFolders, WatchedPlace } from '../ports/arrival-folder.ts';
import type { Clock } from '../ports/clock.ts';
import type { TriggerStore } from '../ports/trigger-store.ts';
import { isSamePlace } from './read-trigger.ts';
import { Sweeper } from './sweeper.ts';

/** What looking for claims works with that no trigger looks for. */
export interface StrayClaimsPorts {
  readonly triggers: Pick<TriggerStore, 'get'>;
  readonly claims: Pick<ArrivalClaims, 'strays' | 'remove'>;
  readonly folders: ArrivalFolders;
  /** Name of the place that files of this server lie in. */
  readonly place: string;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  readonly onError: (error: unknown, about: string | undefined) => void;
}

const LOOK_EVERY_MS = 30_000;
/** Who claims it may be at it for so long. */
const FOR_MS = 30_000;
/** A server that stood still may put the file there so late. */
const KNOWN_FOR_MS = 60 * 60 * 1_000;
/** Of one look; the others come with the next. */
const AT_ONCE = 100;

/**
 * Puts back what was claimed in the very moment in which its trigger was removed, or was told to watch
 * another place, and whose server then went away.
 */
export class StrayClaims {
  readonly #ports: StrayClaimsPorts;
  readonly #sweeper: Sweeper;
  /** Places that could not be looked into: told once of each, as long as it is so. */
  readonly #told = new Set<string>();
  #last: StrayClaim | undefined;

  constructor(ports: StrayClaimsPorts) {
    this.#ports = ports;
    this.#sweeper = new Sweeper({
      ...ports,
      pauseMs: async () => LOOK_EVERY_MS,
      sweep: () => this.sweep().catch((error: unknown) => ports.onError(error, undefined)),
    });
  }

  open(): void {
    this.#sweeper.open();
  }

  close(): Promise<void> {
    return this.#sweeper.close();
  }

  async sweep(): Promise<void> {
    const { claims, triggers, place } = this.#ports;
    const page = { limit: AT_ONCE, forMs: FOR_MS, place, after: this.#last };
    const found = await claims.strays(page);
    // What could not be put back keeps no other from it: the next look begins behind it.
    this.#last = found.length < AT_ONCE ? undefined : found.at(-1);
    const failed = new Set<string>();
    const unreachable = new Set<string>();
    for (const stray of found) {
      if (this.#sweeper.isClosing) return;
      const where = whereOf(stray.trigger);
      if (unreachable.has(where) || !(await isLeftAlone(stray.trigger, triggers))) continue;
      try {
        await this.#putBack(stray);
      } catch (error) {
        // What cannot be reached for one claim cannot be for another; else it has to do with this file.
        if (isElsewhere(error)) unreachable.add(where);
        failed.add(where);
        if (!this.#told.has(where)) this.#ports.onError(error, stray.trigger.id);
        this.#told.add(where);
      }
    }
    for (const where of this.#told) if (!failed.has(where)) this.#told.delete(where);
  }

  async #putBack({ id, ageMs, trigger }: StrayClaim): Promise<void> {
    const folder = await this.#ports.folders.open(trigger);
    try {
      await folder?.putAway(id, 'back');
    } finally {
      await folder?.close();
    }
    if (ageMs >= KNOWN_FOR_MS) await this.#ports.claims.remove(id);
  }
}

/** Whether nobody looks any more where a trigger looked. */
export async function isLeftAlone(
  { id, definition }: WatchedPlace,
  triggers: Pick<TriggerStore, 'get'>,
): Promise<boolean> {
  const now = await triggers.get(id);
  return now === undefined || !isSamePlace(now.definition, definition);
}

function whereOf({ accountId, definition }: WatchedPlace): string {
  const sftp = 'sftp' in definition ? definition.sftp : undefined;
  const folder = 'folder' in definition ? definition.folder : '';
  return JSON.stringify([accountId, sftp === undefined ? folder : { sftp }]);
}
