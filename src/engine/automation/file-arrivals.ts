import { messageOf, RowmillError } from '../errors.ts';
import type { ArrivalClaims } from '../ports/arrival-claims.ts';
import type {
  ArrivalFolder,
  ArrivalFolders,
  FetchedFile,
  FoundFile,
} from '../ports/arrival-folder.ts';
import type { Clock } from '../ports/clock.ts';
import type { Firing, FiringStore, NewFiring } from '../ports/firing-store.ts';
import type { MakeId } from '../ports/ids.ts';
import type { StoredTrigger, TriggerStore } from '../ports/trigger-store.ts';
import { releaseClaims } from './release-claims.ts';
import { isLeftAlone } from './stray-claims.ts';
import { knownClaims, type KnownClaim } from './known-claims.ts';
import { LeftOut } from './left-out.ts';
import { newFiring } from './new-firing.ts';
import {
  claimedFile,
  isClaimOf,
  isMeant,
  toldOf,
  waitsForAnotherLook,
  whereTo,
  type ArrivedFile,
} from './claimed-files.ts';
import { ARRIVAL_WORD, isArrival } from './read-trigger.ts';
import { isNameMeant, whyUnreadable } from './triggers/file.ts';

/** What looking for files works with. */
export interface FileArrivalsPorts {
  readonly triggers: Pick<TriggerStore, 'get' | 'listeningAnywhere'>;
  readonly firings: Pick<FiringStore, 'get' | 'getAll'>;
  readonly claims: Pick<ArrivalClaims, 'add' | 'fire' | 'get' | 'lying' | 'note' | 'remove'>;
  readonly folders: ArrivalFolders;
  readonly clock: Clock;
  readonly makeId: MakeId;
  readonly makeStop: () => AbortController;
  /** Whether the job that is run for files never runs now. */
  readonly isArchived: (jobId: string) => Promise<boolean>;
  /** A file has come, and waits for its run. Told once of each. */
  readonly onArrival: (arrival: Arrival) => void;
  /** A file that had to wait is to be looked at again. */
  readonly onWaiting: () => void;
  readonly onError: (error: unknown, about: string | undefined) => void;
}

/** A claim that becomes a firing. */
interface Claim {
  readonly folder: ArrivalFolder;
  readonly claimId: string;
  readonly file: FoundFile;
  /** Whether it was told before that the file has arrived. */
  readonly isTold: boolean;
}

/** How a file was when it was seen first as it is. */
interface Seen extends FoundFile {
  readonly sinceMs: number;
}

const LOOK_EVERY_MS = 1_000;
/** Of one look; the others come with the next. */
const FILES_AT_ONCE = 100;

/** A file that was claimed, and its firing. */
export interface Arrival {
  readonly trigger: StoredTrigger;
  readonly firingId: string;
  readonly atMs: number;
  readonly file: ArrivedFile;
}

/**
 * Looks for files that arrive, claims them, and puts them away when their runs have ended. What is claimed
 * says so itself, by where it lies: whoever looks next goes on with what another has left.
 */
export class FileArrivals {
  readonly #ports: FileArrivalsPorts;
  readonly #closing: AbortController;
  readonly #seen = new Map<string, ReadonlyMap<string, Seen>>();
  readonly #nextLookMs = new Map<string, number>();
  /** What went wrong with each trigger, as it was told last. */
  readonly #told = new Map<string, string>();
  readonly #leftOut: LeftOut;
  /** Looks at servers elsewhere that are under way, by trigger. */
  readonly #apart = new Map<string, Promise<void>>();
  /** Triggers of which a run has ended since their last look: its file is put away before their time. */
  readonly #ended = new Set<string>();
  #wake: AbortController;
  #looking: Promise<void> | undefined;

  constructor(ports: FileArrivalsPorts) {
    this.#ports = ports;
    this.#leftOut = new LeftOut(ports.onError);
    this.#closing = ports.makeStop();
    this.#wake = ports.makeStop();
  }

  open(): void {
    this.#looking ??= this.#lookOften();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await this.#looking;
    await Promise.all(this.#apart.values());
  }

  /** A run of a trigger has ended: its file may be put away. Other folders need no look for that. */
  wake(triggerId: string): void {
    this.#ended.add(triggerId);
    this.#wake.abort();
  }

  /** Looks into every folder whose time has come. */
  async sweep(): Promise<void> {
    const { triggers, clock } = this.#ports;
    const waiting = await triggers.listeningAnywhere(ARRIVAL_WORD);
    for (const trigger of waiting) {
      if (this.#closing.signal.aborted) return;
      const { definition, id } = trigger;
      if (!isArrival(definition)) continue;
      const isTime = (this.#nextLookMs.get(id) ?? 0) <= clock.now();
      // A server elsewhere that does not answer keeps nobody else waiting.
      if (this.#apart.has(id)) continue;
      const hasEnded = this.#ended.delete(id);
      if (!isTime && !hasEnded) continue;
      if (isTime) this.#nextLookMs.set(id, clock.now() + definition.poll_seconds * 1_000);
      const looking = this.#lookAndTell(trigger, { claims: isTime });
      if (definition.sftp === undefined) await looking;
      else
        this.#apart.set(
          id,
          looking.finally(() => this.#apart.delete(id)),
        );
    }
    const isWaiting = (id: string): boolean => waiting.some((trigger) => trigger.id === id);
    this.#leftOut.keep(isWaiting);
    for (const known of [this.#seen, this.#ended]) {
      for (const id of known.keys()) if (!isWaiting(id)) known.delete(id);
    }
  }

  async #lookAndTell(trigger: StoredTrigger, options: { readonly claims: boolean }): Promise<void> {
    const { id } = trigger;
    try {
      await this.look(trigger, options);
      this.#told.delete(id);
    } catch (error) {
      // Told once, not with every look.
      if (this.#told.get(id) !== messageOf(error)) this.#ports.onError(error, id);
      this.#told.set(id, messageOf(error));
    }
  }

  /** Puts away what is done with and, where it is asked for, claims what has arrived. */
  async look(
    trigger: StoredTrigger,
    { claims: isToClaim }: { readonly claims: boolean } = { claims: true },
  ): Promise<void> {
    const folder = await this.#ports.folders.open(trigger);
    if (folder === undefined) return;
    try {
      const fired = await this.#ports.claims.lying(
        trigger.id,
        this.#ports.folders.placeOf(trigger),
      );
      const claims = await folder.claims();
      for await (const { claim, firing } of knownClaims(claims, this.#ports)) {
        await this.#goOn(trigger, { folder, claim, firing });
      }
      if (!isToClaim || trigger.isPaused) return;
      await this.#claimNew(trigger, folder);
      // Who put these away went away before it could note it, or somebody took them from there.
      if (claims.length > 0) return;
      for (const claimId of fired) await this.#ports.claims.note(claimId, 'away');
    } finally {
      await folder.close();
    }
  }

  /** Lets go of what a trigger has claimed: `releaseClaims`. */
  release(trigger: StoredTrigger): Promise<string | undefined> {
    return releaseClaims(trigger, this.#ports);
  }

  /** The file of a firing, of so many bytes at most; undefined where its trigger waits for none. */
  async fetch(firing: Firing, mostBytes?: number): Promise<FetchedFile | undefined> {
    const trigger = await this.#ports.triggers.get(firing.triggerId);
    if (trigger === undefined || !isArrival(trigger.definition)) return undefined;
    const name = isClaimOf(firing, trigger) ? claimedFile(firing)?.name : undefined;
    if (name === undefined) {
      const message = 'no file has arrived for this firing: somebody let it fire';
      throw new RowmillError('input_not_found', message);
    }
    const folder = await this.#ports.folders.open(trigger);
    try {
      const file = await folder?.fetch(firing.id, mostBytes);
      if (file === undefined || file.name === name) return file;
      await file.dispose();
      const message = `${name}, which had arrived, is gone, and another file lies in its place: ${file.name}`;
      throw new RowmillError('input_not_found', message);
    } finally {
      await folder?.close();
    }
  }

  async #lookOften(): Promise<void> {
    const { clock, makeStop, onError } = this.#ports;
    while (!this.#closing.signal.aborted) {
      this.#wake = makeStop();
      if (this.#closing.signal.aborted) return;
      await this.sweep().catch((error: unknown) => onError(error, undefined));
      await clock.sleep(LOOK_EVERY_MS, this.#wake.signal);
    }
  }

  /** What is to become of a claim: who made it may have gone away at any moment. */
  async #goOn(
    trigger: StoredTrigger,
    { folder, claim, firing: found }: KnownClaim & { readonly folder: ArrivalFolder },
  ): Promise<void> {
    const { claimId, file } = claim;
    const { firings, claims } = this.#ports;
    // The one is kept before the other goes: what is in neither was written down by nobody.
    const known = found === undefined ? await claims.get(claimId) : undefined;
    const firing = found ?? (await firings.get(claimId));
    if (firing === undefined) {
      // Who claims it may put the file there at this moment: then it is not given up.
      if (file === undefined) await folder.removeEmpty(claimId);
      else if (known?.triggerId !== trigger.id || !isMeant(trigger, file))
        await folder.putAway(claimId, 'back');
      // Who lets go of all that it has claimed pauses it first: nothing is begun meanwhile.
      else if (!trigger.isPaused)
        await this.#fire(trigger, { folder, claimId, file, isTold: known.isTold });
      return;
    }
    // Who may write there can give a folder any name: it is not ours.
    if (!isClaimOf(firing, trigger)) {
      await folder.putAway(claimId, 'back');
      return;
    }
    if (waitsForAnotherLook(firing)) {
      // The job does something else now, or is archived: its turn comes with another look.
      if (file === undefined || trigger.isPaused) return;
      if (file.name !== claimedFile(firing)?.name) {
        await folder.putAway(claimId, 'back');
        await claims.note(claimId, 'away');
      } else if (!(await this.#ports.isArchived(trigger.jobId)))
        await this.#fireAgain(trigger, { folder, claimId, file });
      return;
    }
    const where = whereTo(firing);
    if (where === undefined) return;
    await folder.putAway(claimId, where);
    await claims.note(claimId, 'away');
  }

  async #claimNew(trigger: StoredTrigger, folder: ArrivalFolder): Promise<void> {
    const { definition, id } = trigger;
    if (!isArrival(definition)) return;
    const { claims, folders, makeId, clock } = this.#ports;
    const place = folders.placeOf(trigger);
    const before = this.#seen.get(id);
    const seen = new Map<string, Seen>();
    let claimed = 0;
    const { files, unreadable, leftOut } = await folder.files();
    const isName = (name: string): boolean => isNameMeant(definition.glob, name);
    this.#leftOut.tell(id, 'input_too_large', leftOut);
    this.#leftOut.tell(id, 'input_unreadable', whyUnreadable(unreadable.filter(isName)));
    for (const file of files.filter(({ name }) => isName(name))) {
      const last = before?.get(file.name);
      const isSame = last?.bytes === file.bytes && last.modifiedMs === file.modifiedMs;
      const sinceMs = isSame ? last.sinceMs : clock.now();
      const isStable = clock.now() - sinceMs >= definition.stable_seconds * 1_000;
      if (!isStable || claimed >= FILES_AT_ONCE) {
        seen.set(file.name, { ...file, sinceMs });
        continue;
      }
      const claimId = makeId('fir');
      // It was changed, or removed, since it was read: the next look is another's.
      if (!(await claims.add(claimId, trigger, { place }))) break;
      if (!(await folder.claim(file.name, claimId))) {
        await claims.remove(claimId);
        continue;
      }
      claimed += 1;
      await this.#fire(trigger, { folder, claimId, file, isTold: false });
    }
    this.#seen.set(id, seen);
  }

  async #fireAgain(trigger: StoredTrigger, claim: Omit<Claim, 'isTold'>): Promise<void> {
    const { claims, folders, makeId } = this.#ports;
    const { folder, claimId, file } = claim;
    const newId = makeId('fir');
    const place = folders.placeOf(trigger);
    if (!(await claims.add(newId, trigger, { isTold: true, place }))) return;
    if (await folder.claimAgain(claimId, newId)) {
      await claims.note(claimId, 'away');
      await this.#fire(trigger, { folder, claimId: newId, file, isTold: true });
    } else await claims.remove(newId);
  }

  async #fire(trigger: StoredTrigger, claim: Claim): Promise<void> {
    const firing = await this.#keepFiring(trigger, claim);
    if (firing === undefined) return;
    const { id: firingId, dueMs: atMs } = firing;
    if (!claim.isTold) {
      this.#ports.onArrival({ trigger, firingId, atMs, file: toldOf(claim.file) });
      return;
    }
    this.#ports.onWaiting();
  }

  /**
   * Undefined where another was faster, and where its trigger is gone or was changed: then the next look goes on
   * with what is still meant.
   */
  async #keepFiring(
    trigger: StoredTrigger,
    { folder, claimId, file }: Claim,
  ): Promise<NewFiring | undefined> {
    const { claims, folders, makeId, clock } = this.#ports;
    const firing = newFiring(trigger, makeId, {
      id: claimId,
      dueMs: Math.floor(clock.now()),
      item: claimId,
      payload: { file: toldOf(file) },
      place: folders.placeOf(trigger),
    });
    const fired = await claims.fire(firing, trigger);
    if (fired === 'kept') return firing;
    // Who was faster tells it.
    if (fired === 'known') return undefined;
    // Nobody looks for it here any more.
    if (await isLeftAlone(trigger, this.#ports.triggers)) {
      await folder.putAway(claimId, 'back');
      await claims.remove(claimId);
    }
    return undefined;
  }
}
