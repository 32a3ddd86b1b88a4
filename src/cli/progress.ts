import type {
  RunListeners,
  RunProgress,
  RunStarted,
  UploadProgress,
} from '../engine/run/run-service.ts';
import { counted } from './figures.ts';
import type { Settings } from '../settings.ts';
import type { OutputStream } from './host.ts';
import { progressJson, startedJson, uploadJson } from './json-forms.ts';
import { progressLine, uploadLine } from './progress-line.ts';
import { RateMeter } from './rate-meter.ts';
import type { Screen } from './screen.ts';
import { visible, visibleJson } from './visible-text.ts';

/** What `--progress` takes. */
export const PROGRESS_MODES = ['auto', 'bar', 'plain', 'json', 'none'] as const;

/** A piped run says where it is this often. */
const PLAIN_EVERY_MS = 10_000;
const JSON_EVERY_MS = 1000;

/** Shows how far a run is. `end` is called once, before anything else is written. */
export interface ProgressView extends RunListeners {
  /** A line between the progress: a bar makes room for it. */
  note(line: string): void;
  end(): void;
}

/** The view for a mode; `auto` is a bar where it can be drawn, and plain lines elsewhere. */
export async function createProgressView(
  mode: Settings['progress'],
  { screen, stderr, task }: { screen: Screen; stderr: OutputStream; task: string },
): Promise<ProgressView> {
  const chosen = mode === 'auto' ? (screen.stderrCanRedraw ? 'bar' : 'plain') : mode;
  if (chosen === 'none') return { note: (line) => screen.err(line), end: () => undefined };
  if (chosen === 'json') return jsonView(screen);
  // A bar that cannot be redrawn would fill a file with escape codes.
  return chosen === 'bar' && screen.stderrCanRedraw
    ? barView({ screen, stderr, task })
    : plainView(screen, task);
}

async function barView({
  screen,
  stderr,
  task,
}: {
  screen: Screen;
  stderr: OutputStream;
  task: string;
}): Promise<ProgressView> {
  const { SingleBar } = await import('cli-progress');
  const meter = new RateMeter();
  let latest: RunProgress | undefined;
  let upload: UploadProgress | undefined;
  let isShown = false;
  const bar = new SingleBar({
    // It asks of a stream what OutputStream has; its type wants all of a writable stream.
    stream: stderr as unknown as NodeJS.WritableStream,
    clearOnComplete: true,
    hideCursor: true,
    // Its own handler would end the process before the run is checkpointed.
    gracefulExit: false,
    fps: 10,
    format() {
      if (latest !== undefined) {
        return progressLine({ task, progress: latest, meter }, screen.errColors, true);
      }
      return upload === undefined
        ? `${visible(task)} …`
        : uploadLine({ task, upload }, screen.errColors, true);
    },
  });
  const show = (): void => {
    if (!isShown) bar.start(1, 0);
    isShown = true;
  };
  const hide = (): void => {
    if (isShown) bar.stop();
    isShown = false;
  };
  return {
    onUpload(progress) {
      upload = progress;
      show();
      bar.update(0);
    },
    onStarted(started) {
      hide();
      upload = undefined;
      screen.err(startedLine(started));
      show();
    },
    note(line) {
      const wasShown = isShown;
      hide();
      screen.err(line);
      if (wasShown) show();
    },
    onProgress(progress) {
      latest = progress;
      meter.add(progress);
      show();
      bar.update(0);
    },
    onPaused(runId) {
      hide();
      screen.err(pausedLine(runId));
    },
    end: hide,
  };
}

function plainView(screen: Screen, task: string): ProgressView {
  const meter = new RateMeter();
  let shownAtMs = 0;
  const isUploadDue = everySoOften(PLAIN_EVERY_MS);
  return {
    onUpload(upload) {
      if (isUploadDue()) screen.err(uploadLine({ task, upload }, screen.errColors, false));
    },
    onStarted: (started) => screen.err(startedLine(started)),
    onProgress(progress) {
      meter.add(progress);
      if (progress.elapsedMs - shownAtMs < PLAIN_EVERY_MS) return;
      shownAtMs = progress.elapsedMs;
      screen.err(progressLine({ task, progress, meter }, screen.errColors, false));
    },
    onPaused: (runId) => screen.err(pausedLine(runId)),
    note: (line) => screen.err(line),
    end: () => undefined,
  };
}

function jsonView(screen: Screen): ProgressView {
  let shownAtMs = Number.NEGATIVE_INFINITY;
  const isUploadDue = everySoOften(JSON_EVERY_MS);
  return {
    onUpload(upload) {
      if (isUploadDue()) screen.err(visibleJson({ event: 'upload', ...uploadJson(upload) }));
    },
    onStarted: (started) => screen.err(visibleJson({ event: 'started', ...startedJson(started) })),
    onProgress(progress) {
      if (progress.elapsedMs - shownAtMs < JSON_EVERY_MS) return;
      shownAtMs = progress.elapsedMs;
      screen.err(visibleJson({ event: 'progress', ...progressJson(progress) }));
    },
    onPaused: (runId) => screen.err(visibleJson({ event: 'paused', run_id: runId })),
    note: (line) => screen.err(visibleJson({ event: 'note', message: line })),
    end: () => undefined,
  };
}

/** Whether so much time has gone since it was last so; not so at first. */
function everySoOften(everyMs: number): () => boolean {
  let lastMs = performance.now();
  return () => {
    const nowMs = performance.now();
    if (nowMs - lastMs < everyMs) return false;
    lastMs = nowMs;
    return true;
  };
}

/** `run_7fk2…: 5 columns, delimiter ";", windows-1252; goes on after row 1,000`. */
function startedLine({ runId, header, dialect, encoding, resumedAfterRows }: RunStarted): string {
  const facts = [
    ...(dialect === undefined
      ? []
      : [`${counted(header.length, 'column')}, ${dialectText(dialect)}`]),
    ...(encoding === undefined ? [] : [encoding]),
    ...(resumedAfterRows === undefined ? [] : [`goes on after row ${resumedAfterRows}`]),
  ];
  return visible(`${runId}${facts.length === 0 ? '' : `: ${facts.join(', ')}`}`);
}

/** Said where a run waits because somebody else has paused it. */
function pausedLine(runId: string): string {
  return visible(`${runId} is paused until it is told to go on (rowmill runs resume)`);
}

/** `delimiter ";"`, and the quote where it is not `"`. */
export function dialectText(dialect: {
  readonly delimiter: string;
  readonly quote: string;
}): string {
  const delimiter = `delimiter ${JSON.stringify(dialect.delimiter)}`;
  if (dialect.quote === '"') return delimiter;
  return `${delimiter}, ${dialect.quote === '' ? 'no quotes' : `quote ${dialect.quote}`}`;
}
