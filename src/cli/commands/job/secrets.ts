import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { ShownJob } from '../../../engine/jobs/job-desk.ts';
import { didYouMean } from '../../../engine/nearest-names.ts';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
import { deskOf } from './desk.ts';

interface Flags {
  readonly secretName: string;
  readonly json?: boolean;
}

/** `job add-secret`. */
export function addJobAddSecretCommand(job: Command, context: CommandContext): void {
  const command = job
    .command('add-secret')
    .description('Give every run of a job a secret of the account')
    .argument('<job>', 'its name')
    .argument('<key>', 'what runs know it by: self.secrets["key"]')
    .requiredOption('--secret-name <name>', 'as rowmill secrets list has it')
    .option('--json', 'print the job as JSON');
  examples(command, 'rowmill job add-secret nightly api --secret-name API_TOKEN --profile work');
  command.action(async (name: string, key: string, flags: Flags) => {
    const desk = await deskOf(command, context);
    const before = await desk.show(name);
    const secrets = { ...before.secrets, [key]: flags.secretName };
    const changed = await desk.change(name, { secrets, expected_version: before.version });
    tell(changed, `has the secret ${flags.secretName} as ${key}`, { context, flags });
  });
}

/** `job remove-secret`. */
export function addJobRemoveSecretCommand(job: Command, context: CommandContext): void {
  const command = job
    .command('remove-secret')
    .description('Give runs of a job a secret no more; the account keeps it')
    .argument('<job>', 'its name')
    .argument('<key>', 'what runs know it by')
    .option('--json', 'print the job as JSON');
  examples(command, 'rowmill job remove-secret nightly api --profile work');
  command.action(async (name: string, key: string, flags: Pick<Flags, 'json'>) => {
    const desk = await deskOf(command, context);
    const before = await desk.show(name);
    const { [key]: removed, ...secrets } = before.secrets;
    if (removed === undefined) {
      const keys = Object.keys(before.secrets);
      const message = `the job ${name} has no secret ${key}.${didYouMean(key, keys)}`;
      throw new RowmillError('usage', message);
    }
    const changed = await desk.change(name, { secrets, expected_version: before.version });
    tell(changed, `has the secret ${key} no more`, { context, flags });
  });
}

function tell(
  job: ShownJob,
  said: string,
  { context, flags }: { context: CommandContext; flags: Pick<Flags, 'json'> },
): void {
  const { screen } = context;
  if (flags.json === true) screen.json(job.json);
  else screen.err(visible(`job ${job.name} ${said}: version ${job.version}`));
}
