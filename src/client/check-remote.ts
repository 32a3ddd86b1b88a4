import type { Readable } from 'node:stream';
import { RowmillError } from '../engine/errors.ts';
import type { CheckResult, RunHandles, RunRequest } from '../engine/run/run-service.ts';
import { pause, type ApiClient } from './api-client.ts';
import { sendingOf, withDraft } from './drafts.ts';
import { readOptions, uploadSource } from './upload.ts';
import { causeOf, type CauseWire } from './wire.ts';

type CheckRequest = Pick<RunRequest, 'task' | 'arguments' | 'input' | 'options' | 'limit'>;

const LOOK_EVERY_MS = 200;

/** What the client reads of a draft, and of its check. */
interface DraftWire {
  readonly id: string;
  readonly bytes: number;
  readonly found: { readonly problems: readonly string[] };
}

interface CheckWire {
  readonly state: 'waiting' | 'executing' | 'done' | 'failed' | 'cancelled' | 'interrupted';
  readonly rows: number;
  readonly invalid: number;
  readonly bytes_done: number;
  readonly result: CheckResultWire | null;
  readonly message: string | null;
}

interface DialectWire extends Omit<CheckResult['dialect'], 'lineEnd' | 'collapseDelimiters'> {
  readonly line_end: CheckResult['dialect']['lineEnd'];
  readonly collapse_delimiters: boolean;
}

interface CheckResultWire extends Pick<
  CheckResult,
  'task' | 'rows' | 'valid' | 'invalid' | 'encoding' | 'header' | 'matches' | 'warnings'
> {
  readonly dialect: DialectWire;
  readonly unknown_columns: readonly string[];
  readonly causes: readonly CauseWire[];
  readonly damage: readonly {
    readonly kind: string;
    readonly column: string;
    readonly count: number;
    readonly first_row: number;
    readonly example_value: string;
  }[];
  readonly duplicate_rows: number;
  readonly dry_run: {
    readonly rows: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly causes: readonly CauseWire[];
  } | null;
  readonly expected_run_ms: number | null;
  readonly elapsed_ms: number;
}

/** Uploads a file as a draft, has the server check it, and removes the draft, however that ends. */
export async function checkRemote(
  client: ApiClient,
  request: CheckRequest,
  { handles, stdin }: { readonly handles: RunHandles; readonly stdin: () => Readable },
): Promise<CheckResult> {
  if (request.limit !== undefined) {
    throw new RowmillError(
      'usage',
      '--limit means nothing to a check on a server: it reads all rows',
    );
  }
  if (request.input.kind === 'none') throw new RowmillError('usage', 'there is no file to check');
  const source = await uploadSource(request.input, stdin);
  return withDraft(client, source, {
    ...sendingOf(handles),
    use: async (draftId) => {
      const { task, arguments: args, options } = request;
      const json = { task: task.name, arguments: args, options: readOptions(options) };
      // The route answers the draft.
      const draft = (await client.json({
        method: 'PATCH',
        path: `/v1/drafts/${draftId}`,
        json,
        signal: handles.stopSignal,
      })) as DraftWire;
      const { problems } = draft.found;
      if (problems.length > 0) {
        throw new RowmillError('input_refused', problems.join('; '), { problems });
      }
      return checked(client, draft, handles);
    },
  });
}

async function checked(
  client: ApiClient,
  { id, bytes }: DraftWire,
  { listeners, stopSignal: signal }: RunHandles,
): Promise<CheckResult> {
  const path = `/v1/drafts/${id}/check`;
  const begunMs = performance.now();
  // Both routes answer the check.
  let check = (await client.json({ method: 'POST', path, signal })) as CheckWire;
  while (check.state === 'waiting' || check.state === 'executing') {
    await pause(LOOK_EVERY_MS, signal);
    check = (await client.json({ method: 'GET', path, signal })) as CheckWire;
    listeners.onProgress?.({
      succeeded: check.rows - check.invalid,
      failed: check.invalid,
      bytesDone: check.bytes_done,
      bytesTotal: bytes,
      elapsedMs: performance.now() - begunMs,
    });
  }
  if (check.result !== null) return resultOf(check.result);
  throw new RowmillError('input_refused', check.message ?? `the check is ${check.state}`);
}

function resultOf({ dialect, dry_run: dryRun, ...wire }: CheckResultWire): CheckResult {
  const { line_end: lineEnd, collapse_delimiters: collapseDelimiters, ...characters } = dialect;
  return {
    ...wire,
    dialect: { ...characters, lineEnd, collapseDelimiters },
    unknownColumns: wire.unknown_columns,
    causes: wire.causes.map(causeOf),
    damage: wire.damage.map(({ first_row: firstRow, example_value: exampleValue, ...rest }) => ({
      ...rest,
      firstRow,
      exampleValue,
    })),
    duplicateRows: wire.duplicate_rows,
    // The server says how many there are, and not what was done to the first.
    repaired: undefined,
    dryRun: dryRun === null ? undefined : { ...dryRun, causes: dryRun.causes.map(causeOf) },
    expectedRunMs: wire.expected_run_ms ?? undefined,
    elapsedMs: wire.elapsed_ms,
  };
}
