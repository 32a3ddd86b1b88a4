import type { Command } from 'commander';
import { messageOf, RowmillError } from '../../../engine/errors.ts';
import { ENDED_STATUSES, prunableRuns } from '../../../engine/run/prune-runs.ts';
import type { RunStatus } from '../../../engine/run/status.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { count, moment } from '../../figures.ts';
import { readDuration } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { statusWord } from './status-word.ts';

interface Flags {
  readonly olderThan: number;
  readonly status: readonly RunStatus[];
  readonly dryRun?: boolean;
  readonly purge?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `runs prune`. */
export function addRunsPruneCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('prune')
    .description('Delete the runs that ended long enough ago')
    .requiredOption('--older-than <time>', 'since they ended: 30d, 12h, 90m, 45s', readDuration)
    .option('--status <list>', `only these of ${ENDED_STATUSES.join(', ')}`, readStatuses, [
      ...ENDED_STATUSES,
    ])
    .option('--dry-run', 'say which would go, and delete nothing')
    .option('--purge', 'for good, at once: they cannot be restored')
    .option('--yes', 'do not ask')
    .option('--json', 'print the ids as JSON');
  examples(
    command,
    'rowmill runs prune --older-than 30d --dry-run',
    'rowmill runs prune --older-than 7d --status success,dropped_dup --yes',
  );
  command.action(async ({ olderThan, status, dryRun, purge, yes, json }: Flags) => {
    const service = await (await context.open(command)).runs();
    const endedBefore = new Date(Date.now() - olderThan);
    const leaving = await prunableRuns(service, { endedBefore, statuses: status });
    const { screen } = context;
    const isDry = dryRun === true;
    if (json !== true) {
      const rows = leaving.map((run) => [
        run.runId,
        run.task,
        statusWord(run),
        moment(run.finishedAt ?? run.createdAt),
      ]);
      const columns = [
        { title: 'RUN' },
        { title: 'TASK', canShrink: true },
        { title: 'STATUS' },
        { title: 'ENDED' },
      ] as const;
      if (rows.length > 0) {
        for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
      }
    }
    const all = `${count(leaving.length)} run${leaving.length === 1 ? '' : 's'}`;
    if (isDry || leaving.length === 0) {
      if (json === true) screen.json({ deleted: [], would_go: leaving.map(({ runId }) => runId) });
      else screen.err(isDry ? `${all} would go` : 'no run goes by these rules');
      return;
    }
    if (yes !== true && !(await context.confirm(`Delete ${all} and all files of them?`))) {
      context.exitCode = EXIT_CODES.stopped.code;
      return;
    }
    const deleted: string[] = [];
    for (const { runId } of leaving) {
      try {
        await service.delete(runId, { isFinal: purge === true });
        deleted.push(runId);
      } catch (error) {
        // It was resumed, or removed, a moment ago.
        if (!(error instanceof RowmillError)) throw error;
        screen.warn(`${runId} stays: ${messageOf(error)}`);
      }
    }
    if (json === true) screen.json({ deleted, would_go: [] });
    else screen.err(`deleted: ${count(deleted.length)} of ${all}`);
    if (deleted.length < leaving.length) context.exitCode = EXIT_CODES.some_failed.code;
  });
}

function readStatuses(written: string): readonly RunStatus[] {
  return written.split(',').map((word) => {
    const status = ENDED_STATUSES.find((known) => known === word.trim());
    if (status !== undefined) return status;
    const known = ENDED_STATUSES.join(', ');
    throw new RowmillError('usage', `--status: ${word} is none of ${known}`);
  });
}
