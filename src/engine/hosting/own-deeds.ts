import type { AuditStore } from '../ports/audit-store.ts';
import type { MakeId } from '../ports/ids.ts';

/** What was done without a call: by the server itself, by a run, or by who sits at its machine. */
interface Deed {
  readonly action: string;
  readonly accountId: string;
  /** Id of what it was done to. */
  readonly subject: string;
  /** The run that did it. */
  readonly runId?: string;
  /** Who began that run, … */
  readonly authAccountId?: string;
  /** … with which key, … */
  readonly keyId?: string | undefined;
  /** … and in whose name it is, where its job says so. */
  readonly runAs?: string | undefined;
}

/** Writes such a deed into the audit. */
export type NoteDeed = (deed: Deed) => Promise<void>;

export function ownDeeds(audit: Pick<AuditStore, 'append'>, makeId: MakeId): NoteDeed {
  return ({ action, accountId, authAccountId = accountId, subject, runId, keyId, runAs }) =>
    audit.append({
      id: makeId('aud'),
      accountId,
      authAccountId,
      keyId,
      requestId: undefined,
      runId,
      runAs,
      address: undefined,
      action,
      subject,
      outcome: 'done',
      code: undefined,
    });
}

/** What was done is done: where the audit cannot be written, the log of the server has what it lacks. */
export function loggedDeeds(
  note: NoteDeed,
  onError: (error: unknown, about: string) => void,
): NoteDeed {
  return (deed) => note(deed).catch((error: unknown) => onError(error, deed.subject));
}
