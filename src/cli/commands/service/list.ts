import type { Command } from 'commander';
import type { ShownService } from '../../../engine/services/service-desk.ts';
import type { CommandContext } from '../../context.ts';
import { moment } from '../../figures.ts';
import { examples, refuseUnknownCommand } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { visible } from '../../visible-text.ts';
import { serviceDesksOf } from './desk.ts';

/** `service list`, which plain `service` is too. */
export function addServiceListCommand(service: Command, context: CommandContext): void {
  const command = service
    .command('list', { isDefault: true })
    .description('List the services, the last one first, each with its last call')
    .allowExcessArguments()
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill service list --profile work');
  command.action(async ({ json }: { json?: boolean }) => {
    refuseUnknownCommand(service, command);
    const services = await (await serviceDesksOf(command, context)).services.list();
    const { screen } = context;
    if (json === true) {
      screen.json(services.map((each) => each.json));
      return;
    }
    if (services.length === 0) {
      screen.err('there are no services: rowmill service add makes one');
      return;
    }
    const columns = [
      { title: 'NAME', canShrink: true },
      { title: 'ENDPOINT', canShrink: true },
      { title: 'CALLED', canShrink: true },
      { title: 'NEXT' },
      { title: 'LAST' },
    ] as const;
    const rows = services.map((each) => [
      each.name,
      each.endpoint,
      planWords(each),
      nextCall(each),
      lastCall(each),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

/** `service show`. */
export function addServiceShowCommand(service: Command, context: CommandContext): void {
  const command = service
    .command('show')
    .description('All that is known of a service')
    .argument('<service>', 'its name')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill service show import_patients --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const found = await (await serviceDesksOf(command, context)).services.show(name);
    const { screen } = context;
    if (json === true) {
      screen.json(found.json);
      return;
    }
    const facts = Object.entries(found.json).filter(([, value]) => value !== null && value !== '');
    const width = Math.max(...facts.map(([field]) => field.length));
    for (const [field, value] of facts) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      screen.out(`${field.replaceAll('_', ' ').padEnd(width)}  ${visible(text)}`);
    }
  });
}

/** `daily at 15:57 Europe/Madrid`, `10 s after success, …`. */
function planWords({ executionPlan: plan }: ShownService): string {
  if (plan === undefined) return 'by hand';
  if (plan['period'] === 'daily') {
    return `daily at ${String(plan['time'])} ${String(plan['timezone'])}`;
  }
  const intervals = Object.entries(plan['intervals'] ?? {});
  return intervals
    .map(([name, seconds]) => `${String(seconds)} s after ${name.replace(/^on_/, '')}`)
    .join(', ');
}

/** When a service is called next. */
export function nextCall({ isPaused, nextDueAt }: ShownService): string {
  if (isPaused) return 'paused';
  return nextDueAt === undefined ? 'after its reply' : moment(nextDueAt);
}

function lastCall({ lastCall: last }: ShownService): string {
  return last === undefined ? 'never' : `${last.resultCode ?? 'under way'}, ${moment(last.at)}`;
}
