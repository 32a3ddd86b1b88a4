import type { Command } from 'commander';
import { RowmillError } from '../../engine/errors.ts';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { textTable } from '../text-table.ts';
import { visible } from '../visible-text.ts';

const DEFAULT_NAME = 'default';

/** `login`: keeps a key, so that no command line ever holds one. */
export function addLoginCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('login')
    .description('Keep the key to a server under a name: asked for, or read from standard input')
    .option('--json', 'print the profile as JSON, without its key');
  examples(
    command,
    'rowmill login --server https://rowmill.example.com --profile work',
    'cat key.txt | rowmill login --server http://127.0.0.1:7070',
  );
  command.action(async ({ json }: { json?: boolean }) => {
    const { host, screen } = context;
    const { settings } = await context.open(command, 'here');
    const { server, profile: name = DEFAULT_NAME } = settings;
    if (server === undefined) throw new RowmillError('usage', 'say which server: --server URL');
    warnOfClearText(server, context);
    const entered = await context.readSecret(
      `Key to ${visible(server)} (empty where it asks for none)`,
    );
    const key = entered === '' ? undefined : entered;
    await host.tryLogin({ server, key });
    const logins = await host.logins();
    await logins.set(name, { server, key });
    if (json === true) screen.json({ profile: name, server, has_key: key !== undefined });
    else
      screen.err(visible(`profile ${name} is kept in ${logins.path}: rowmill … --profile ${name}`));
  });
}

/** `logout`: forgets a key. */
export function addLogoutCommand(program: Command, context: CommandContext): void {
  const command = program.command('logout').description('Forget the key of a profile');
  examples(command, 'rowmill logout --profile work');
  command
    .option('--json', 'print the profile as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { settings } = await context.open(command, 'here');
      const { profile: name = DEFAULT_NAME } = settings;
      await (await context.host.logins()).remove(name);
      if (json === true) context.screen.json({ profile: name });
      else context.screen.err(`profile ${name} is forgotten`);
    });
}

/** `profiles`: which servers the user has logged in to. */
export function addProfilesCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('profiles')
    .description('The servers whose keys are kept')
    .option('--json', 'print them as JSON, without the keys');
  examples(command, 'rowmill profiles');
  command.action(async ({ json }: { json?: boolean }) => {
    const { host, screen } = context;
    await context.open(command, 'here');
    const logins = [...(await (await host.logins()).list())];
    if (json === true) {
      screen.json(
        logins.map(([profile, { server, key }]) => ({
          profile,
          server,
          has_key: key !== undefined,
        })),
      );
      return;
    }
    if (logins.length === 0) {
      screen.err('there are none: rowmill login --server URL makes one');
      return;
    }
    const columns = [{ title: 'PROFILE' }, { title: 'SERVER', canShrink: true }, { title: 'KEY' }];
    const rows = logins.map(([name, { server, key }]) => [name, server, keyShown(key)]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

/** The public part of a key: its id. */
function keyShown(key: string | undefined): string {
  if (key === undefined) return 'none';
  return /^(rm_[^_]+)_/.exec(key)?.[1] ?? 'kept';
}

const LOCAL = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/;

function warnOfClearText(server: string, { screen }: CommandContext): void {
  const { protocol, hostname } = new URL(server);
  if (protocol === 'http:' && !LOCAL.test(hostname)) {
    screen.warn(`${server}: the key and all files go through the network in clear; use https://`);
  }
}
