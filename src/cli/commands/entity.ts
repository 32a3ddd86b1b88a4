import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { messageOf, RowmillError } from '../../engine/errors.ts';
import type { EntityDesk, ShownEntity } from '../../engine/handlers/entity-desk.ts';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { visible } from '../visible-text.ts';

/** `entity`: what handlers of a server run. */
export function addEntityCommand(program: Command, context: CommandContext): void {
  const entity = program
    .command('entity')
    .description('Job entities, which handlers of a server run by the type of their runner');
  examples(
    entity,
    'rowmill entity start signal.json --wait --profile work',
    'rowmill entity status run_7kq2m4xw9abc --profile work',
    'rowmill entity result run_7kq2m4xw9abc -o signal.bin --profile work',
  );
  addStart(entity, context);
  addStatus(entity, context);
  addResult(entity, context);
  addStop(entity, context);
}

/** `handler`: the handlers of a server. */
export function addHandlerCommand(program: Command, context: CommandContext): void {
  const handler = program
    .command('handler')
    .description('The handlers of a server: what runs job entities');
  const command = handler
    .command('list', { isDefault: true })
    .description('List the handlers, and the modules that did not load')
    .option('--json', 'print them as JSON');
  examples(handler, 'rowmill handler list --profile work');
  examples(command, 'rowmill handler list --profile work');
  command.action(async ({ json }: { json?: boolean }) => {
    const { handlers, problems } = await (await deskOf(command, context)).handlers();
    const { screen } = context;
    for (const { file, message } of problems) screen.warn(`${file} did not load: ${message}`);
    if (json === true) screen.json(handlers.map((each) => each.json));
    else if (handlers.length === 0)
      screen.err('there are no handlers: rowmill serve --handlers DIR');
    else {
      for (const { supportedTypes, description, origin, language } of handlers) {
        screen.out(
          visible(`${supportedTypes.join(', ')}  ${description || origin}  (${language})`),
        );
      }
    }
  });
}

function addStart(entity: Command, context: CommandContext): void {
  const command = entity
    .command('start')
    .description('Start what a job entity says')
    .argument('<file>', 'the entity as JSON')
    .option('--token <env:NAME>', 'the variable that has what its handler may do elsewhere with')
    .option('--wait', 'until it has ended')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill entity start signal.json --wait --profile work');
  interface Flags {
    readonly token?: string;
    readonly wait?: boolean;
    readonly json?: boolean;
  }
  command.action(async (file: string, flags: Flags) => {
    const { host } = context;
    const desk = await deskOf(command, context);
    const given = {
      entity: await readEntity(file, host.workingDirectory),
      token: tokenOf(flags, context),
    };
    const stop = new AbortController();
    const unlisten = host.onSignal(() => stop.abort());
    const how = { waits: flags.wait === true, signal: stop.signal };
    const started = await desk.start(given, how).finally(unlisten);
    tell(started, flags, context);
    if (how.waits && started.status !== 'completed') context.exitCode = 5;
  });
}

function addStatus(entity: Command, context: CommandContext): void {
  const command = entity
    .command('status')
    .description('How what a handler runs stands')
    .argument('<uid>', 'its uid, the id of its run')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill entity status run_7kq2m4xw9abc --profile work');
  command.action(async (uid: string, flags: { json?: boolean }) => {
    tell(await (await deskOf(command, context)).status(uid), flags, context);
  });
}

function addStop(entity: Command, context: CommandContext): void {
  const command = entity
    .command('stop')
    .description('Stop it: its handler removes it')
    .argument('<uid>', 'its uid')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill entity stop run_7kq2m4xw9abc --profile work');
  command.action(async (uid: string, flags: { json?: boolean }) => {
    tell(await (await deskOf(command, context)).stop(uid), flags, context);
  });
}

function addResult(entity: Command, context: CommandContext): void {
  const command = entity
    .command('result')
    .description('The result of what a handler has run')
    .argument('<uid>', 'its uid')
    .option('-o, --output <file>', 'write its bytes there, instead of to standard output')
    .option('--json', 'print it as JSON, the bytes in Base64');
  examples(command, 'rowmill entity result run_7kq2m4xw9abc -o signal.bin --profile work');
  command.action(async (uid: string, { output, json }: { output?: string; json?: boolean }) => {
    const { message, content } = await (await deskOf(command, context)).result(uid);
    const { screen, host } = context;
    if (json === true) {
      screen.json({ message, result: Buffer.from(content).toString('base64') });
      return;
    }
    screen.err(visible(message));
    if (output === undefined) screen.raw(textOf(content));
    else await writeFile(resolve(host.workingDirectory, output), content);
  });
}

function textOf(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (error) {
    const message = 'the result is no text: say where to write it, -o FILE';
    throw new RowmillError('usage', message, { cause: error });
  }
}

async function deskOf(command: Command, context: CommandContext): Promise<EntityDesk> {
  const { server } = await context.open(command);
  if (server !== undefined) return server.entities;
  throw new RowmillError(
    'usage',
    'handlers are those of a server (rowmill serve --handlers DIR): say which by --server or --profile',
  );
}

/** What is on the command line is seen by other users. */
function tokenOf(
  { token }: { readonly token?: string },
  { host }: CommandContext,
): string | undefined {
  if (token === undefined) return undefined;
  const name = /^env:(\w+)$/.exec(token)?.[1];
  if (name === undefined) {
    throw new RowmillError('usage', '--token: expected env:NAME, the variable that has it');
  }
  const value = host.environment[name];
  if (value !== undefined && value !== '') return value;
  throw new RowmillError('usage', `--token ${token}: the variable ${name} is not set`);
}

async function readEntity(file: string, workingDirectory: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(resolve(workingDirectory, file), 'utf8')) as unknown;
  } catch (error) {
    throw new RowmillError('usage', `${file}: ${messageOf(error)}`, { cause: error });
  }
}

function tell(
  { uid, label, status, message, json }: ShownEntity,
  flags: { readonly json?: boolean },
  { screen }: CommandContext,
): void {
  if (flags.json === true) screen.json(json);
  else screen.out(visible([uid, status, message || (label ?? '')].join('  ').trimEnd()));
}
