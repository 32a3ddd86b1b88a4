import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { EXIT_OF_SIGNAL } from '../exit-codes.ts';
import { wholeNumber } from '../flag-values.ts';
import { examples } from '../help-texts.ts';

interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly database?: string;
}

/** `serve`: the HTTP API on this machine, until a signal ends it. */
export function addServeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('serve')
    .description('Serve the HTTP API: upload, check, run, watch, download')
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <n>', 'the port to listen on; 0 for any that is free', wholeNumber(0), 7070)
    .option('--database <url>', 'a PostgreSQL server (postgres://…) instead of the embedded store');
  examples(command, 'rowmill serve', 'rowmill serve --port 8080 --data ./data --tasks ./tasks');
  command.action(async ({ host: address, port, database }: ServeFlags) => {
    const { host, screen } = context;
    const workspace = await context.open(command);
    const server = await host.serve({
      workspace,
      host: address,
      port,
      database: database ?? host.environment['ROWMILL_DATABASE'],
      onError: (message) => screen.warn(message),
    });
    screen.err(`listening on ${server.url}`);
    await new Promise<void>((resolve) => {
      let signals = 0;
      const end = host.onSignal((signal) => {
        signals += 1;
        if (signals > 1) host.terminate(EXIT_OF_SIGNAL[signal]);
        else {
          end();
          resolve();
        }
      });
    });
    screen.err('ending: runs commit a checkpoint and go on at the next start');
    await server.close();
  });
}
