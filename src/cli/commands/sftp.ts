import type { Command } from 'commander';
import type { SftpDesk, ShownSftp } from '../../engine/hosting/sftp-desk.ts';
import { RowmillError } from '../../engine/errors.ts';
import type { CommandContext } from '../context.ts';
import { factLines } from '../fact-lines.ts';
import { positiveNumber, wholeNumber } from '../flag-values.ts';
import { examples, refuseUnknownCommand } from '../help-texts.ts';
import { textTable } from '../text-table.ts';
import { visible } from '../visible-text.ts';
import { addSftpFileCommands } from './sftp/files.ts';

interface Flags {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly root?: string;
  readonly hostKey?: string;
  readonly connectTimeout?: number;
  readonly timeout?: number;
  readonly json?: boolean;
}

/** `sftp`: the SFTP servers that jobs read, write and wait for files on. */
export function addSftpCommand(program: Command, context: CommandContext): void {
  const sftp = program
    .command('sftp')
    .description('SFTP servers that jobs of a server read, write, and wait for files on');
  examples(
    sftp,
    'rowmill sftp add partner --host sftp.partner.example --user acme --password PARTNER_SFTP --profile work',
    'rowmill sftp test partner --profile work',
    'rowmill schedule add --name orders --sftp partner --folder in --glob *.csv --task contacts/clean --profile work',
  );
  addList(sftp, context);
  addShow(sftp, context);
  addAdd(sftp, context);
  addChange(sftp, context);
  addTest(sftp, context);
  addDelete(sftp, context);
  addSftpFileCommands(sftp, { context, deskOf: (command) => deskOf(command, context) });
}

function addList(sftp: Command, context: CommandContext): void {
  const command = sftp
    .command('list', { isDefault: true })
    .description('List the connections by name')
    .allowExcessArguments()
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill sftp list --profile work');
  command.action(async ({ json }: Flags) => {
    refuseUnknownCommand(sftp, command);
    const found = await (await deskOf(command, context)).list();
    const { screen } = context;
    if (json === true) screen.json(found.map((each) => each.json));
    else if (found.length === 0) screen.err('there are none: rowmill sftp add makes one');
    else {
      const columns = [
        { title: 'NAME' },
        { title: 'HOST', canShrink: true },
        { title: 'USER' },
        { title: 'ROOT', canShrink: true },
        { title: 'HOST KEY', canShrink: true },
      ] as const;
      const rows = found.map((each) => [
        each.name,
        `${each.host}:${each.port}`,
        each.user,
        each.root,
        each.hostKey ?? 'not seen yet',
      ]);
      for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
    }
  });
}

function addShow(sftp: Command, context: CommandContext): void {
  const command = sftp
    .command('show')
    .description('All that is known of a connection; no secret')
    .argument('<name>', 'as it is listed')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill sftp show partner --profile work');
  command.action(async (name: string, { json }: Flags) => {
    const found = await (await deskOf(command, context)).show(name);
    if (json === true) context.screen.json(found.json);
    else for (const line of factLines(found.json)) context.screen.out(line);
  });
}

function addAdd(sftp: Command, context: CommandContext): void {
  const command = withFlags(
    sftp
      .command('add')
      .description('Name an SFTP server, and how it is entered: by secrets of the account')
      .argument('<name>', 'letters, digits, _ . -')
      .requiredOption('--host <host>', 'name or address of the server')
      .requiredOption('--user <name>', 'who we are there'),
  );
  examples(
    command,
    'rowmill sftp add partner --host sftp.partner.example --user acme --password PARTNER_SFTP --profile work',
    'rowmill sftp add bank --host sftp.bank.example --port 2222 --user acme --key BANK_KEY --root /outbox --host-key SHA256:… --profile work',
  );
  command.action(async (name: string, flags: Flags) => {
    const made = await (await deskOf(command, context)).add({ name, ...bodyOf(flags) });
    tell(made, 'is kept', { context, flags });
  });
}

function addChange(sftp: Command, context: CommandContext): void {
  const command = withFlags(
    sftp
      .command('change')
      .description('Change a connection; what is not said stays')
      .argument('<name>', 'as it is listed')
      .option('--host <host>', 'name or address of the server; its key is to be seen anew')
      .option('--user <name>', 'who we are there'),
  );
  examples(command, 'rowmill sftp change partner --password PARTNER_SFTP_2 --profile work');
  command.action(async (name: string, flags: Flags) => {
    const body = bodyOf(flags);
    if (Object.keys(body).length === 0) throw new RowmillError('usage', 'say what is to change');
    const changed = await (await deskOf(command, context)).change(name, body);
    tell(changed, 'is as you said', { context, flags });
  });
}

function addTest(sftp: Command, context: CommandContext): void {
  const command = sftp
    .command('test')
    .description('Connect, and say what was seen; the first time the key of the host is kept')
    .argument('<name>', 'as it is listed')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill sftp test partner --profile work');
  command.action(async (name: string, { json }: Flags) => {
    const seen = await (await deskOf(command, context)).test(name);
    const { screen } = context;
    if (json === true) {
      screen.json(seen);
      return;
    }
    const key = seen.is_first
      ? `its key is ${seen.host_key}, and is written down from now on: is it what the owner of the server says?`
      : `its key is ${seen.host_key}, as it is written down`;
    screen.out(visible(`${name} answers: ${seen.software}`));
    screen.out(visible(key));
    screen.out(visible(`${seen.root} has ${seen.files} files and ${seen.folders} folders`));
  });
}

function addDelete(sftp: Command, context: CommandContext): void {
  const command = sftp
    .command('delete')
    .description('Forget a connection; what lies on the server stays')
    .argument('<name>', 'as it is listed')
    .option('--json', 'print the name as JSON');
  examples(command, 'rowmill sftp delete partner --profile work');
  command.action(async (name: string, { json }: Flags) => {
    await (await deskOf(command, context)).remove(name);
    if (json === true) context.screen.json({ name });
    else context.screen.err(visible(`SFTP connection ${name} is gone`));
  });
}

function withFlags(command: Command): Command {
  return command
    .option('--port <n>', 'where it listens (22)', wholeNumber(1))
    .option('--password <secret>', 'name of the secret that is the password')
    .option('--key <secret>', 'in its place: name of the secret that is a private key')
    .option('--passphrase <secret>', 'name of the secret that opens the private key')
    .option('--root <folder>', 'the folder that all paths are below of (where it lets us in)')
    .option(
      '--host-key <fingerprint>',
      'SHA256:… of its key; else the first test keeps what it sees',
    )
    .option('--connect-timeout <seconds>', 'to connect (10)', positiveNumber)
    .option('--timeout <seconds>', 'for an answer (30)', positiveNumber)
    .option('--json', 'print it as JSON');
}

function bodyOf(flags: Flags) {
  const said = {
    host: flags.host,
    port: flags.port,
    user: flags.user,
    password_secret: flags.password,
    private_key_secret: flags.key,
    passphrase_secret: flags.passphrase,
    root: flags.root,
    host_key: flags.hostKey,
    connect_timeout_seconds: flags.connectTimeout,
    timeout_seconds: flags.timeout,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

async function deskOf(command: Command, context: CommandContext): Promise<SftpDesk> {
  const { server } = await context.open(command);
  if (server !== undefined) return server.sftp;
  throw new RowmillError(
    'usage',
    'SFTP connections are kept by a server (rowmill serve): say which by --server or --profile',
  );
}

function tell(
  { name, hostKey, json }: ShownSftp,
  said: string,
  { context, flags }: { readonly context: CommandContext; readonly flags: Flags },
): void {
  if (flags.json === true) {
    context.screen.json(json);
    return;
  }
  const next = hostKey === undefined ? `: rowmill sftp test ${name} shows the key of its host` : '';
  context.screen.err(visible(`SFTP connection ${name} ${said}${next}`));
}
