import type { Command } from 'commander';
import { RowmillError } from '../../engine/errors.ts';
import type { SecretFacts } from '../../engine/ports/secret-store.ts';
import type { CommandContext } from '../context.ts';
import { moment } from '../figures.ts';
import { accountOf } from '../flag-values.ts';
import { examples } from '../help-texts.ts';
import type { SecretDesk } from '../host.ts';
import { textTable } from '../text-table.ts';

interface SecretFlags {
  readonly account?: string;
  readonly jsonValue?: string | true;
  readonly json?: boolean;
}

const SEEN_BY_OTHERS =
  'other users of this machine can see a command line: without a value behind --json-value it is asked for, or read from standard input';

/** `secrets`: those of an account on a server, or on the data folder of one. No value is ever shown. */
export function addSecretsCommand(program: Command, context: CommandContext): void {
  const secrets = program
    .command('secrets')
    .description('Secrets that the runs of a server use by name: {{secret:NAME}}');
  examples(
    secrets,
    'rowmill secrets set API_TOKEN',
    'rowmill secrets list --server https://rowmill.example.com',
    'rowmill secrets rotate',
  );
  addSet(secrets, context);
  addList(secrets, context);
  addDelete(secrets, context);
  addRotate(secrets, context);
}

function addSet(secrets: Command, context: CommandContext): void {
  const command = withAccount(secrets.command('set'))
    .description('Set a secret: its value is asked for, or read from standard input')
    .argument('<name>', 'such as API_TOKEN')
    .option('--json-value [json]', 'it is JSON, and scripts have it as such');
  examples(
    command,
    'rowmill secrets set API_TOKEN',
    'rowmill secrets set API_TOKEN --account acme',
    'rowmill secrets set SHOP_LOGIN --json-value',
  );
  command.action(async (name: string, { account, json, jsonValue }: SecretFlags) => {
    await atDesk(command, context, async (desk) => {
      const given = typeof jsonValue === 'string' ? jsonValue : undefined;
      if (given !== undefined) context.screen.warn(SEEN_BY_OTHERS);
      const value = given ?? (await context.readSecret(`The value of ${name}`));
      const secret = await desk.set(account, name, { value, isJson: jsonValue !== undefined });
      if (json === true) context.screen.json(secretJson(secret));
      else context.screen.err(`${secret.name} is set (version ${secret.version})`);
    });
  });
}

function addList(secrets: Command, context: CommandContext): void {
  const command = withAccount(secrets.command('list', { isDefault: true })).description(
    'List the names; values are shown to nobody',
  );
  examples(command, 'rowmill secrets list', 'rowmill secrets list --json');
  command.action(async ({ account, json }: SecretFlags) => {
    await atDesk(command, context, async (desk) => {
      const found = await desk.list(account);
      const { screen } = context;
      if (json === true) screen.json(found.map(secretJson));
      else if (found.length === 0) screen.err('there are no secrets');
      else {
        const columns = [
          { title: 'SECRET', canShrink: true },
          { title: 'VERSION' },
          { title: 'KIND' },
          { title: 'SET' },
          { title: 'MASTER KEY' },
        ] as const;
        const rows = found.map((each) => [
          each.name,
          String(each.version),
          each.isJson ? 'json' : 'text',
          moment(new Date(each.updatedAtMs)),
          each.keyId,
        ]);
        for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
      }
    });
  });
}

function addDelete(secrets: Command, context: CommandContext): void {
  const command = withAccount(secrets.command('delete'))
    .description('Remove a secret')
    .argument('<name>', 'as it is listed');
  examples(command, 'rowmill secrets delete API_TOKEN');
  command.action(async (name: string, { account, json }: SecretFlags) => {
    await atDesk(command, context, async (desk) => {
      await desk.delete(account, name);
      if (json === true) context.screen.json({ deleted: name });
      else context.screen.err(`${name} is deleted`);
    });
  });
}

function addRotate(secrets: Command, context: CommandContext): void {
  const command = secrets
    .command('rotate')
    .description('Make a new master key and seal every secret of the server with it')
    .option('--json', 'print what was done as JSON');
  examples(command, 'rowmill secrets rotate', 'rowmill secrets rotate --data /var/lib/rowmill');
  command.action(async ({ json }: SecretFlags) => {
    await atDesk(command, context, async (desk) => {
      const { keyId, resealed, unreadable } = await desk.rotate();
      const { screen } = context;
      if (json === true) screen.json({ key_id: keyId, resealed, unreadable });
      else screen.err(`the master key ${keyId} seals from now on; sealed anew: ${resealed}`);
      if (unreadable.length > 0) throw new RowmillError('secret_unreadable', unreadable.join('\n'));
    });
  });
}

function withAccount(command: Command): Command {
  return command
    .option('--account <id>', 'whose they are (default: that of the key, or local)', accountOf)
    .option('--json', 'print what is known of them as JSON');
}

async function atDesk(
  command: Command,
  context: CommandContext,
  work: (desk: SecretDesk) => Promise<void>,
): Promise<void> {
  const desk = await context.host.secrets(await context.open(command, 'as_set'));
  try {
    await work(desk);
  } finally {
    await desk.close();
  }
}

function secretJson(secret: SecretFacts): Readonly<Record<string, unknown>> {
  return {
    name: secret.name,
    version: secret.version,
    json: secret.isJson,
    key_id: secret.keyId,
    created_at: new Date(secret.createdAtMs).toISOString(),
    updated_at: new Date(secret.updatedAtMs).toISOString(),
  };
}
