import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { messageOf, RowmillError } from '../../../engine/errors.ts';
import type { ServiceDesk } from '../../../engine/services/service-desk.ts';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { readServiceFile } from '../../service-file.ts';
import { visible } from '../../visible-text.ts';
import { serviceDesksOf } from './desk.ts';
import { nextCall } from './list.ts';

interface Flags {
  readonly replace?: boolean;
  readonly paused?: boolean;
  readonly json?: boolean;
}

/** `service import`. */
export function addServiceImportCommand(service: Command, context: CommandContext): void {
  const command = service
    .command('import')
    .description(
      'Add the services of a configuration: a JSON array, or external_services_daemon.php',
    )
    .argument('<file>', 'the file')
    .option('--replace', 'those that are there already become what the file says')
    .option('--paused', 'they are called by hand only, until they are resumed')
    .option('--json', 'print the services as JSON');
  examples(
    command,
    'rowmill service import external_services_daemon.php --profile work',
    'rowmill service import services.json --replace --paused --profile work',
  );
  command.action(async (file: string, flags: Flags) => {
    const { screen, host } = context;
    const content = await readFile(resolve(host.workingDirectory, file), 'utf8').catch(
      (error: unknown) => {
        throw new RowmillError('usage', `${file}: ${messageOf(error)}`, { cause: error });
      },
    );
    const written = readServiceFile(file, content);
    const { services } = await serviceDesksOf(command, context);
    const known = new Set((await services.list()).map(({ name }) => name));
    const added: unknown[] = [];
    const problems: string[] = [];
    for (const each of written) {
      try {
        const stored = await storedService(each, { services, known, flags });
        added.push(stored.json);
        if (flags.json !== true)
          screen.err(visible(`service ${each.name}; next: ${nextCall(stored)}`));
      } catch (error) {
        if (!(error instanceof RowmillError)) throw error;
        const field = /\bbody\.([\w.]+)/.exec(error.message)?.[1];
        problems.push(`${each.place(field)}: ${each.name}: ${error.message}`);
      }
    }
    if (flags.json === true) screen.json(added);
    if (problems.length === 0) return;
    const count = `${written.length - problems.length} of ${written.length} services are there`;
    throw new RowmillError('usage', `${problems.join('\n')}\n${count}`, { problems });
  });
}

/** One service of the file, added or made what the file says. */
async function storedService(
  { service, name }: { readonly service: Readonly<Record<string, unknown>>; readonly name: string },
  {
    services,
    known,
    flags,
  }: { readonly services: ServiceDesk; readonly known: ReadonlySet<string>; readonly flags: Flags },
) {
  const paused = flags.paused === undefined ? {} : { paused: flags.paused };
  if (!known.has(name)) return services.add({ ...service, ...paused });
  if (flags.replace === true) return services.change(name, { ...service, ...paused });
  throw new RowmillError('usage', 'it is there already: --replace makes it what the file says');
}
