import { expect } from 'vitest';
import { until, type Begun, type BeginOptions, type ChaosFolder } from './chaos-folder.ts';

/** A server of a folder, and how it is asked. */
export interface Served {
  readonly begun: Begun;
  readonly url: string;
  /** Throws where another status than expected is answered. */
  call<Answer>(method: string, path: string, body?: unknown, status?: number): Promise<Answer>;
}

/** Starts `rowmill serve` on a free port; `alive` has it until it has ended. */
export async function serve(
  folder: ChaosFolder,
  {
    alive,
    words,
    environment = {},
  }: { readonly alive: Set<Begun>; readonly words: readonly string[] } & Pick<
    BeginOptions,
    'environment'
  >,
): Promise<Served> {
  const begun = folder.begin(['serve', '--port', '0', ...words], { environment });
  alive.add(begun);
  let url: string | undefined;
  await until(
    'the server listens',
    () => {
      url = /listening on (http\S+)/.exec(begun.stderr())?.[1];
      if (begun.isOver()) throw new Error(`it did not start: ${begun.stderr()}`);
      return url !== undefined;
    },
    120_000,
  );
  const at = url ?? '';
  return {
    begun,
    url: at,
    async call<Answer>(method: string, path: string, body?: unknown, status = 200) {
      const response = await fetch(`${at}${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      const text = await response.text();
      expect(response.status, `${method} ${path}: ${text}`).toBe(status);
      return (text === '' ? undefined : JSON.parse(text)) as Answer;
    },
  };
}

/** Ends a server as power that goes does. */
export async function killed({ begun }: Served, alive: Set<Begun>): Promise<void> {
  begun.child.kill('SIGKILL');
  expect((await begun.ended).signal).toBe('SIGKILL');
  alive.delete(begun);
}

/** Ends a server as its owner does. */
export async function ended({ begun }: Served, alive: Set<Begun>): Promise<void> {
  begun.child.kill('SIGTERM');
  const { exitCode, stderr } = await begun.ended;
  alive.delete(begun);
  expect(exitCode, stderr).toBe(0);
}
