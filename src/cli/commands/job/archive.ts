import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
import { deskOf } from './desk.ts';

/** `job archive`. */
export function addJobArchiveCommand(job: Command, context: CommandContext): void {
  add(job, context, {
    name: 'archive',
    description: 'Let a job never run any more; it stays listed',
    archived: true,
    said: 'is archived: it never runs',
  });
}

/** `job unarchive`. */
export function addJobUnarchiveCommand(job: Command, context: CommandContext): void {
  add(job, context, {
    name: 'unarchive',
    description: 'Let an archived job run again',
    archived: false,
    said: 'can run again',
  });
}

function add(
  job: Command,
  context: CommandContext,
  {
    name,
    description,
    archived,
    said,
  }: {
    readonly name: string;
    readonly description: string;
    readonly archived: boolean;
    readonly said: string;
  },
): void {
  const command = job
    .command(name)
    .description(description)
    .argument('<job>', 'its name')
    .option('--json', 'print the job as JSON');
  examples(command, `rowmill job ${name} nightly --profile work`);
  command.action(async (jobName: string, { json }: { json?: boolean }) => {
    const changed = await (await deskOf(command, context)).change(jobName, { archived });
    if (json === true) context.screen.json(changed.json);
    else context.screen.err(visible(`job ${changed.name} ${said}`));
  });
}
