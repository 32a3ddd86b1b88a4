import type { Command } from 'commander';
import { RowmillError } from '../../engine/errors.ts';
import { SCOPES, SUPERADMIN, type ApiKey, type Scope } from '../../engine/ports/key-store.ts';
import type { CommandContext } from '../context.ts';
import { moment } from '../figures.ts';
import { accountOf, collect } from '../flag-values.ts';
import { examples } from '../help-texts.ts';
import type { KeyDesk } from '../host.ts';
import { textTable } from '../text-table.ts';

interface CreateFlags {
  readonly scope?: readonly string[];
  readonly role?: string;
  readonly name?: string;
  readonly account: string;
  readonly expires?: string;
  readonly json?: boolean;
}

/** `key`: the keys of the server whose data folder this is. No server need listen. */
export function addKeyCommand(program: Command, context: CommandContext): void {
  const key = program.command('key').description('The API keys of the server on this data folder');
  examples(key, 'rowmill key create --scope admin', 'rowmill key list', 'rowmill key revoke KEY');
  addCreate(key, context);
  addList(key, context);
  addRevoke(key, context);
}

function addCreate(key: Command, context: CommandContext): void {
  const command = key
    .command('create')
    .description('Make a key and print it: it is shown once')
    .option('--scope <scope>', `${SCOPES.join(', ')} (repeatable)`, collect)
    .option('--role <role>', `${SUPERADMIN}, or one that jobs allow, such as participant`)
    .option('--name <text>', 'what it is for')
    .option('--account <id>', 'whose runs it sees', 'local')
    .option('--expires <time>', 'when it ends, such as 2030-01-31 or 2030-01-31T12:00:00Z')
    .option('--json', 'print the key with what is known of it as JSON');
  examples(
    command,
    'rowmill key create --scope admin',
    'rowmill key create --scope runs:read --scope runs:write --account acme --name nightly',
    'rowmill key create --role participant --account acme --name ann',
  );
  command.action(async ({ scope = [], role, name, account, expires, json }: CreateFlags) => {
    const wanted = {
      accountId: accountOf(account),
      name: name ?? 'made on the command line',
      scopes: scope.map(readScope),
      role: role === undefined ? undefined : readRole(role),
      expiresAtMs: readTime(expires),
    };
    await atDesk(command, context, async (desk) => {
      const { key: made, text } = await desk.create(wanted);
      const { screen } = context;
      if (json === true) screen.json({ ...keyJson(made), key: text });
      else {
        screen.err(`${made.id} for the account ${made.accountId}; the key is not shown again:`);
        screen.out(text);
      }
    });
  });
}

function addList(key: Command, context: CommandContext): void {
  const command = key
    .command('list', { isDefault: true })
    .description('List the keys, the last one first')
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill key list', 'rowmill key list --json');
  command.action(async ({ json }: { json?: boolean }) => {
    await atDesk(command, context, async (desk) => {
      const keys = await desk.list();
      const { screen } = context;
      if (json === true) {
        screen.json(keys.map(keyJson));
        return;
      }
      if (keys.length === 0) {
        screen.err('there are no keys yet: whoever is on this machine may call the server');
        return;
      }
      const columns = [
        { title: 'KEY' },
        { title: 'STATUS' },
        { title: 'ACCOUNT' },
        { title: 'ROLE' },
        { title: 'SCOPES', canShrink: true },
        { title: 'LAST USED' },
        { title: 'NAME', canShrink: true },
      ] as const;
      const rows = keys.map((each) => [
        each.id,
        each.status,
        each.accountId,
        each.role ?? '',
        each.scopes.join(' '),
        each.lastUsedAtMs === undefined ? 'never' : moment(new Date(each.lastUsedAtMs)),
        each.name,
      ]);
      for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
    });
  });
}

function addRevoke(key: Command, context: CommandContext): void {
  const command = key
    .command('revoke')
    .description('Refuse keys from now on (a server at work hears of it within 5 s)')
    .argument('<key...>', 'their ids, key_…')
    .option('--json', 'print the ids that are revoked as JSON');
  examples(command, 'rowmill key revoke key_7kq2m4xw9abc');
  command.action(async (ids: string[], { json }: { json?: boolean }) => {
    await atDesk(command, context, async (desk) => {
      const found = await Promise.all(ids.map((id) => desk.find(id)));
      const missing = ids.filter((_, index) => found[index] === undefined);
      if (missing.length > 0) {
        // What is no id may be a key itself.
        const named = missing.map((id) => (id.startsWith('key_') ? id : `${id.slice(0, 8)}…`));
        throw new RowmillError('usage', `there is no key ${named.join(', ')} (rowmill key list)`);
      }
      for (const each of found) if (each !== undefined) await desk.revoke(each);
      if (json === true) context.screen.json({ revoked: ids });
      else for (const id of ids) context.screen.err(`${id} is revoked`);
    });
  });
}

async function atDesk(
  command: Command,
  context: CommandContext,
  work: (desk: KeyDesk) => Promise<void>,
): Promise<void> {
  const desk = await context.host.keys(await context.open(command, 'here'));
  try {
    await work(desk);
  } finally {
    await desk.close();
  }
}

function readScope(given: string): Scope {
  const scope = SCOPES.find((known) => known === given);
  if (scope !== undefined) return scope;
  throw new RowmillError('usage', `--scope ${given} is none: ${SCOPES.join(', ')}`);
}

function readRole(given: string): string {
  if (/^[a-z][a-z\d_-]{0,63}$/.test(given)) return given;
  throw new RowmillError('usage', `--role ${given} is none: small letters, digits, _ or -`);
}

function readTime(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const ms = /^\d{4}-\d\d-\d\d/.test(given) ? Date.parse(given) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new RowmillError('usage', `--expires ${given} is no time, such as 2030-01-31`);
}

function keyJson(key: ApiKey): Readonly<Record<string, unknown>> {
  const time = (ms: number | undefined): string | null =>
    ms === undefined ? null : new Date(ms).toISOString();
  return {
    id: key.id,
    account_id: key.accountId,
    name: key.name,
    scopes: key.scopes,
    role: key.role ?? null,
    status: key.status,
    created_at: time(key.createdAtMs),
    expires_at: time(key.expiresAtMs),
    revoked_at: time(key.revokedAtMs),
    last_used_at: time(key.lastUsedAtMs),
  };
}
