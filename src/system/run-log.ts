import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { TaskLog } from '../engine/task/run-context.ts';

/** The log of a run, JSON lines in its folder. The file is made by the first line. */
export function openRunLog(folder: string): TaskLog & { close(): Promise<void> } {
  let stream: ReturnType<typeof createWriteStream> | undefined;
  const line =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      stream ??= createWriteStream(join(folder, 'log.jsonl'), { flags: 'a' }).on(
        'error',
        // A log that cannot be written (a full disk) must not end a run.
        () => undefined,
      );
      stream.write(`${toJson({ time: new Date().toISOString(), level, message, ...fields })}\n`);
    };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    close: () =>
      new Promise((resolve) => {
        if (stream === undefined || stream.destroyed) resolve();
        else stream.end(() => resolve()).once('error', () => resolve());
      }),
  };
}

function toJson(value: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(value, (_key, item: unknown) =>
      typeof item === 'bigint' ? String(item) : item,
    );
  } catch {
    return JSON.stringify({ ...value, fields: 'cannot be shown as JSON' }, [
      'time',
      'level',
      'message',
      'fields',
    ]);
  }
}
