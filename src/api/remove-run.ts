import type { HostedRun } from '../engine/ports/hosted-run-store.ts';
import type { Call } from './route.ts';

/** Deletes a run for who calls: it can be restored, unless that is final. */
export async function removeRun(
  { record }: HostedRun,
  { ports }: Pick<Call, 'ports'>,
  { withChildren, isFinal = false }: { readonly withChildren: boolean; readonly isFinal?: boolean },
): Promise<void> {
  const { runId, input } = record;
  if (!isFinal && ports.control.keepsDeleted) {
    await ports.control.discard(runId, { withChildren });
    return;
  }
  await ports.control.delete(runId, { withChildren });
  if (input.kind === 'file') await ports.uploads.remove(input.path);
}
