import { refuseFilesElsewhere } from '../engine/hosting/files-elsewhere.ts';
import type { Draft } from '../engine/ports/draft-store.ts';
import { mayDo, type Actor } from './actor.ts';
import type { ApiPorts } from './api-ports.ts';
import { ApiProblem } from './problem.ts';

/** A draft of the caller. Another account's is not there. */
export async function ownDraft(
  draftId: string,
  { actor, ports }: { readonly actor: Actor; readonly ports: ApiPorts },
): Promise<Draft> {
  const draft = await ports.drafts.get(draftId);
  if (draft !== undefined && (draft.accountId === actor.accountId || mayDo(actor, 'admin'))) {
    return draft;
  }
  throw new ApiProblem('not_found', `there is no draft ${draftId}`);
}

/** The same, for who is about to read its file, or to remove it. Throws `files_elsewhere`. */
export async function ownDraftFile(...given: Parameters<typeof ownDraft>): Promise<Draft> {
  const draft = await ownDraft(...given);
  refuseFilesElsewhere(draft, `draft ${draft.draftId}`);
  return draft;
}
