import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { moment } from '../../figures.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { visible } from '../../visible-text.ts';
import { deskOf } from './desk.ts';

/** `job versions`. */
export function addJobVersionsCommand(job: Command, context: CommandContext): void {
  const command = job
    .command('versions')
    .description('List every version of a job, the last one first')
    .argument('<job>', 'its name')
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill job versions nightly --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const versions = await (await deskOf(command, context)).versions(name);
    const { screen } = context;
    if (json === true) {
      screen.json(versions.map((version) => version.json));
      return;
    }
    const columns = [
      { title: 'VERSION', align: 'right' },
      { title: 'MADE' },
      { title: 'BY' },
      { title: 'SCRIPT MD5' },
    ] as const;
    const rows = versions.map((version) => [
      String(version.number),
      moment(version.createdAt),
      version.createdBy,
      version.scriptMd5 ?? '',
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

/** `job diff`. */
export function addJobDiffCommand(job: Command, context: CommandContext): void {
  const command = job
    .command('diff')
    .description('What differs between two versions of a job, as a unified diff')
    .argument('<job>', 'its name')
    .argument('[older]', 'number of a version (default: the one before the last)', wholeNumber(1))
    .argument('[newer]', 'number of another (default: the last)', wholeNumber(1))
    .option('--json', 'print it as JSON');
  examples(
    command,
    'rowmill job diff nightly 1 3 --profile work',
    'rowmill job diff nightly --profile work',
  );
  command.action(async (name: string, older?: number, newer?: number) => {
    const desk = await deskOf(command, context);
    const last = newer ?? (await desk.show(name)).version;
    const first = older ?? Math.max(1, last - 1);
    const diff = await desk.diff(name, first, last);
    const { screen } = context;
    if (command.opts<{ json?: boolean }>().json === true) {
      screen.json({ older: first, newer: last, diff });
    } else if (diff === '') {
      screen.err(`versions ${first} and ${last} are the same`);
    } else {
      for (const line of diff.trimEnd().split('\n')) screen.out(lineOf(line));
    }
  });
}

/** A tab ends the name of a file in a diff; all else is shown. */
function lineOf(line: string): string {
  return line.split('\t').map(visible).join('\t');
}
