import type { ShownEvent } from '../../../engine/automation/event-desk.ts';
import type { Screen } from '../../screen.ts';
import { textTable } from '../../text-table.ts';
import { visible } from '../../visible-text.ts';

/** What became of an event, a line for each that waits for it. */
export function tellDeliveries({ deliveries, notice }: ShownEvent, screen: Screen): void {
  const columns = [
    { title: 'STARTS', canShrink: true },
    { title: 'VERDICT' },
    { title: 'RUN' },
    { title: 'OUTCOME' },
    { title: 'WHY', canShrink: true },
  ] as const;
  const rows = deliveries.map(({ name, verdict, runId, run, message, unmet }) => [
    name,
    verdict,
    runId ?? '',
    run ?? '',
    message ?? unmet.map(({ clause }) => JSON.stringify(clause)).join(', '),
  ]);
  if (rows.length > 0) {
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  }
  if (notice !== undefined) screen.err(visible(notice));
}
