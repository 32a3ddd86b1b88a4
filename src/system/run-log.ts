import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { TaskLog } from '../engine/task/run-context.ts';

/** Bytes of log kept of one execution of a run. */
const MAX_LOG_BYTES = 32 * 1024 * 1024;
const MAX_WAITING_BYTES = 1024 * 1024;

/** The log of a run, JSON lines in its folder. The file is made by the first line. */
export function openRunLog(folder: string): TaskLog & { close(): Promise<void> } {
  let bytes = 0;
  let dropped = 0;
  let stream: ReturnType<typeof createWriteStream> | undefined;
  const line =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      stream ??= createWriteStream(join(folder, 'log.jsonl'), { flags: 'a', mode: 0o600 }).on(
        'error',
        // A log that cannot be written (a full disk) must not end a run.
        () => undefined,
      );
      // A file of rows that all crash must not fill the disk, nor what waits to be written the memory.
      if (bytes > MAX_LOG_BYTES || stream.writableLength > MAX_WAITING_BYTES) {
        dropped += 1;
        return;
      }
      const text = `${toJson({ time: new Date().toISOString(), level, message, ...fields })}\n`;
      bytes += text.length;
      stream.write(text);
    };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    close: () =>
      new Promise((resolve) => {
        if (stream === undefined || stream.destroyed) {
          resolve();
          return;
        }
        if (dropped > 0) {
          const message = `${dropped} more lines were not kept: the log of a run is bounded`;
          stream.write(`${toJson({ time: new Date().toISOString(), level: 'warn', message })}\n`);
        }
        stream.end(() => resolve()).once('error', () => resolve());
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
