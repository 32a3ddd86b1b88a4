import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import type { SftpDesk } from '../../../engine/hosting/sftp-desk.ts';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { visible } from '../../visible-text.ts';

interface Flags {
  readonly output?: string;
  readonly json?: boolean;
}

interface Place {
  readonly context: CommandContext;
  readonly deskOf: (command: Command) => Promise<SftpDesk>;
}

/** `sftp ls`, `get`, `put` and `rm`: what lies on an SFTP server, 16 MiB a file at most. */
export function addSftpFileCommands(sftp: Command, place: Place): void {
  addLs(sftp, place);
  addGet(sftp, place);
  addPut(sftp, place);
  addRm(sftp, place);
}

function addLs(sftp: Command, { context, deskOf }: Place): void {
  const command = sftp
    .command('ls')
    .description('List a folder of an SFTP server')
    .argument('<name>', 'the connection')
    .argument('[folder]', 'below its root', '')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill sftp ls partner in --profile work');
  command.action(async (name: string, folder: string, { json }: Flags) => {
    const found = await (await deskOf(command)).files(name, folder);
    const { screen } = context;
    if (json === true) screen.json(found);
    else if (found.length === 0) screen.err('there is nothing');
    else {
      const columns = [
        { title: 'NAME', canShrink: true },
        { title: 'KIND' },
        { title: 'BYTES', align: 'right' },
        { title: 'CHANGED' },
      ] as const;
      const rows = found.map((entry) => [
        entry.name,
        entry.kind,
        String(entry.bytes),
        entry.modified_at,
      ]);
      for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
    }
  });
}

function addGet(sftp: Command, { context, deskOf }: Place): void {
  const command = sftp
    .command('get')
    .description('Read a file of an SFTP server')
    .argument('<name>', 'the connection')
    .argument('<path>', 'below its root')
    .option('-o, --output <file>', 'where it goes, - is standard output (default: its name)')
    .option('--json', 'print the path as JSON');
  examples(command, 'rowmill sftp get partner in/orders.csv -o - --profile work | head');
  command.action(async (name: string, path: string, { output, json }: Flags) => {
    const desk = await deskOf(command);
    if (output === '-') {
      await desk.get(name, path, undefined);
      return;
    }
    const target = resolve(context.host.workingDirectory, output ?? basename(path));
    await desk.get(name, path, target);
    if (json === true) context.screen.json({ name, path: target });
    else context.screen.out(visible(output ?? basename(path)));
  });
}

function addPut(sftp: Command, { context, deskOf }: Place): void {
  const command = sftp
    .command('put')
    .description('Write a file to an SFTP server; one of the same name gives way')
    .argument('<name>', 'the connection')
    .argument('<file>', 'a file of this machine')
    .argument('[path]', 'below its root (default: the name of the file)')
    .option('--json', 'print the path as JSON');
  examples(command, 'rowmill sftp put partner orders.csv out/orders.csv --profile work');
  command.action(async (...given: [string, string, string | undefined, Flags]) => {
    const [name, file, written, flags] = given;
    const path = written ?? basename(file);
    const source = resolve(context.host.workingDirectory, file);
    await (await deskOf(command)).put(name, path, source);
    if (flags.json === true) context.screen.json({ name, path });
    else context.screen.err(visible(`${path} is there`));
  });
}

function addRm(sftp: Command, { context, deskOf }: Place): void {
  const command = sftp
    .command('rm')
    .description('Remove a file of an SFTP server')
    .argument('<name>', 'the connection')
    .argument('<path>', 'below its root')
    .option('--json', 'print the path as JSON');
  examples(command, 'rowmill sftp rm partner out/orders.csv --profile work');
  command.action(async (name: string, path: string, { json }: Flags) => {
    await (await deskOf(command)).removeFile(name, path);
    if (json === true) context.screen.json({ name, path });
    else context.screen.err(visible(`${path} is gone`));
  });
}
