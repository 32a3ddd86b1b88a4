import { RowmillError } from '../errors.ts';
import type { HostedRun } from '../ports/hosted-run-store.ts';
import { deriveFiles } from '../run/output/derive-files.ts';
import { familyOf, versionOf } from '../run/after/run-family.ts';
import { writeMerged } from '../run/output/merge-output.ts';
import { refuseChangedInput } from '../run/begin/input-identity.ts';
import { openStored } from '../run/carry/resume-run.ts';
import { RowOrigins } from '../run/after/row-origins.ts';
import { ERRORS_FILE, outputPathOf } from '../run/run-paths.ts';
import type { ServicePorts } from '../run/service-ports.ts';

/** Files that come from the output, the errors and the input of a run. */
export const DERIVED_FILES = ['failed', 'unprocessed', 'errors', 'merged'] as const;

export type DerivedFile = (typeof DERIVED_FILES)[number];

/** Where derived files are kept until their run changes or is removed. */
export interface DerivedFileCache {
  /**
   * The path of a file of this kind and version, written by `write` where it is not there: whole, or not
   * at all. Older versions are removed.
   */
  path(
    file: { readonly folder: string; readonly kind: string; readonly version: string },
    write: (path: string) => Promise<void>,
  ): Promise<string>;
}

/** A file that is ready to be sent. */
interface ReadyFile {
  readonly path: string;
  /** Bytes of it that count; undefined for all. */
  readonly length?: number;
  readonly version: string;
}

/** Writes the files beside an output when they are asked for, of a run of whatever status: up to its last checkpoint. */
export class DerivedRunFiles {
  readonly #ports: ServicePorts;
  readonly #cache: DerivedFileCache;

  constructor(ports: ServicePorts, cache: DerivedFileCache) {
    this.#ports = ports;
    this.#cache = cache;
  }

  /** Undefined where no row was done, or the run has no such file. */
  async find(run: HostedRun, kind: DerivedFile): Promise<ReadyFile | undefined> {
    const { state, folder, record } = run;
    if (state.position === undefined) return undefined;
    if (record.table === undefined && kind !== 'errors') return undefined;
    if (kind === 'merged') return this.#findMerged(run);
    const version = `${kind}-${state.position.number}-${state.outputBytes}-${state.failed}`;
    const path = await this.#cache.path({ folder, kind, version }, (target) =>
      this.#write(run, kind, target),
    );
    return { path, version: `${record.runId}-${version}` };
  }

  /** The output with the rows that were run again in their places: the output itself where none were. */
  async #findMerged({ record, folder, state }: HostedRun): Promise<ReadyFile | undefined> {
    const { runId, parent } = record;
    if (parent !== undefined) return undefined;
    const family = await familyOf(runId, this.#ports);
    const own = outputPathOf(record, folder);
    if (family.members.length === 1 && own !== undefined) {
      return {
        path: own,
        length: state.outputBytes,
        version: `${runId}-output-${state.outputBytes}`,
      };
    }
    const hash = this.#ports.sha256(new TextEncoder().encode(versionOf(family))).slice(0, 32);
    const version = `merged-${hash}`;
    const path = await this.#cache.path({ folder, kind: 'merged', version }, (target) =>
      writeMerged(family, target, this.#ports),
    );
    return { path, version: `${runId}-${version}` };
  }

  async #write(run: HostedRun, kind: Exclude<DerivedFile, 'merged'>, path: string): Promise<void> {
    const { files, sha256 } = this.#ports;
    const { record, state, folder } = run;
    const { table, inputIdentity, runId } = record;
    const { position } = state;
    if (position === undefined) return;
    const paths = { [`${kind}Path`]: path };
    const origins = await RowOrigins.open(run, files);
    const from = {
      errors: `${folder}/${ERRORS_FILE}`,
      origins,
      position,
      doneBefore: state.status === 'executing' ? position.number : undefined,
    };
    try {
      if (table === undefined || kind === 'errors') {
        await deriveFiles(files, { ...from, input: undefined }, paths);
        return;
      }
      if (inputIdentity === undefined) {
        throw new RowmillError('usage', `run ${runId} read a stream that was not kept`);
      }
      const input = await openStored(record, this.#ports);
      try {
        const then = { identity: inputIdentity, byte: position.byte, tailSha256: undefined };
        await refuseChangedInput(input, then, sha256);
        await deriveFiles(files, { ...from, input: { record, input, table } }, paths);
      } finally {
        await input.close();
      }
    } finally {
      await origins?.close();
    }
  }
}
