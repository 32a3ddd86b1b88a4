import type { RunProgress, UploadProgress } from '../engine/run/run-service.ts';
import { bytes, count, duration, rate } from './figures.ts';
import type { RateMeter } from './rate-meter.ts';
import type { Colors } from './screen.ts';
import { visible } from './visible-text.ts';

const BAR_WIDTH = 12;

/** What both the bar and the plain lines say. */
export interface ProgressFacts {
  readonly task: string;
  readonly progress: RunProgress;
  readonly meter: RateMeter;
}

/**
 * `contacts/clean ████████░░░░ 31.7 % 67,204 rows  ok 65,102  failed 2,102  812/s  ETA 3m`; without
 * the bar, its percentage and its ETA while the length of the input is not known.
 */
export function progressLine(facts: ProgressFacts, colors: Colors, hasBar: boolean): string {
  const { task, progress, meter } = facts;
  const share = shareDone(progress);
  const remaining = meter.remainingMs(progress.bytesTotal);
  const speed = meter.rowsPerSecond;
  const parts = [
    `${count(progress.succeeded + progress.failed)} rows`,
    colors.green(`ok ${count(progress.succeeded)}`),
    progress.failed === 0 ? 'failed 0' : colors.red(`failed ${count(progress.failed)}`),
    ...(speed === undefined ? [] : [rate(speed)]),
    remaining === undefined || share === 1
      ? duration(progress.elapsedMs)
      : `ETA ${duration(remaining)}`,
  ];
  return `${shareText(task, { share, colors, hasBar })} ${parts.join('  ')}`;
}

/** `contacts/clean ████████░░░░ 31.7 % uploading  20.3 MiB of 64.0 MiB`. */
export function uploadLine(
  { task, upload }: { readonly task: string; readonly upload: UploadProgress },
  colors: Colors,
  hasBar: boolean,
): string {
  const { bytesDone, bytesTotal } = upload;
  const size = bytesTotal === undefined ? '' : ` of ${bytes(bytesTotal)}`;
  return `${shareText(task, { share: shareDone(upload), colors, hasBar })} uploading  ${bytes(bytesDone)}${size}`;
}

function shareText(
  task: string,
  {
    share,
    colors,
    hasBar,
  }: { readonly share: number | undefined; readonly colors: Colors; readonly hasBar: boolean },
): string {
  const bar = share === undefined || !hasBar ? '' : ` ${colors.cyan(barOf(share))}`;
  const percentage = share === undefined ? '' : ` ${(share * 100).toFixed(1)} %`;
  return `${colors.bold(visible(task))}${bar}${percentage}`;
}

function shareDone({ bytesDone, bytesTotal }: UploadProgress): number | undefined {
  if (bytesTotal === undefined) return undefined;
  return bytesTotal === 0 ? 1 : Math.min(1, bytesDone / bytesTotal);
}

function barOf(share: number): string {
  const filled = Math.floor(share * BAR_WIDTH);
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
}
