import { RowmillError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostedRun, HostedRunStore } from '../ports/hosted-run-store.ts';
import type { QueueStore } from '../ports/queue-store.ts';
import type { RunBin } from '../ports/run-bin.ts';
import { descendantsOf } from '../run/after/run-family.ts';
import type { RunService } from '../run/run-service.ts';
import type { AskedOfRun } from '../run/status.ts';
import type { RegisteredTask } from '../task/registry.ts';
import { refuseFilesElsewhere } from './files-elsewhere.ts';
import type { RunEventFeed } from './run-event-feed.ts';
import type { RunHost } from './run-host.ts';
import { refusalOf, situationOf, type RunAction, type RunSituation } from './run-situation.ts';
import { tryAgainWhileBusy } from './try-again.ts';

/** What the control of runs works with. */
export interface RunControlPorts {
  readonly service: RunService;
  readonly store: HostedRunStore;
  readonly host: RunHost;
  readonly feed: RunEventFeed;
  readonly tasks: { find(name: string): Promise<RegisteredTask> };
  /** Takes what is deleted; undefined where that is gone at once. */
  readonly bin: Pick<RunBin, 'discard'> | undefined;
  /** Where runs wait for their turn. */
  readonly queues: Pick<QueueStore, 'ofRuns' | 'find'>;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  /** A signal that comes after so many ms. */
  readonly timeout: (ms: number) => AbortSignal;
}

/** How long it is waited for what was asked to happen; what was asked stands after that. */
const WAIT_MS = 2_000;

/** Starts, pauses, resumes, stops, acknowledges and deletes runs, whoever carries them out, or nobody. */
export class RunControl {
  readonly #ports: RunControlPorts;

  constructor(ports: RunControlPorts) {
    this.#ports = ports;
  }

  /** Makes a run due that waits to be started: now, or at a time. A time that was set before is replaced. */
  start(runId: string, atMs?: number): Promise<void> {
    return this.#act(runId, 'start', async ({ facts }) => {
      await this.#refuseQueued(runId);
      const now = this.#ports.clock.now();
      if (atMs === undefined && (facts.dueAtMs ?? Infinity) <= now) {
        const why = 'it was started already and waits for its turn';
        throw new RowmillError('wrong_status', `run ${runId} is queued: ${why}`);
      }
      await this.#ports.host.enqueue(runId, atMs ?? now);
    });
  }

  /** No row is begun until the run is resumed (or started, where none was done yet). */
  pause(runId: string): Promise<void> {
    return this.#act(runId, 'pause', async (run, situation) => {
      if (situation === 'queued' || situation === 'resuming') return this.#withdraw(run);
      if (situation === 'interrupted') return this.#pauseHere(runId);
      if (situation === 'executing') await this.#ask(runId, 'pause');
    });
  }

  /** Goes on from the last checkpoint. Throws `code_changed` where the task's code has, and that is not accepted. */
  resume(runId: string, { acceptsNewCode }: { readonly acceptsNewCode: boolean }): Promise<void> {
    return this.#act(runId, 'resume', async ({ record, state }, situation) => {
      // A pause that has not come yet is taken back.
      if (situation === 'executing') return this.#ask(runId, 'resume');
      const { codeHash } = await this.#ports.tasks.find(record.task);
      if (codeHash !== record.codeHash && !acceptsNewCode && state.position !== undefined) {
        throw new RowmillError(
          'code_changed',
          `the code of ${record.task} is not what run ${runId} began with: rows before and after would differ. Resume it with accept_new_code to go on all the same`,
        );
      }
      await this.#ports.store.setFacts(runId, { acceptsNewCode });
      await this.#ports.host.enqueue(runId);
    });
  }

  /** Ends a run; its output so far is complete, and it can be resumed. */
  stop(runId: string): Promise<void> {
    return this.#act(runId, 'stop', async (run, situation) => {
      const isDue = situation === 'resuming' || situation === 'queued';
      if (isDue) await this.#withdraw(run);
      if (situation === 'executing') return this.#ask(runId, 'stop');
      const { status } = run.state;
      if (status === 'stopped' || status === 'internal_error') return;
      await this.#ports.service.control(runId, 'stop', this.#ports.timeout(WAIT_MS));
      await this.#tell(runId, 'ended');
    });
  }

  /** A person has seen the end of the run. The first time stays. */
  acknowledge(runId: string): Promise<void> {
    return this.#act(runId, 'acknowledge', async ({ facts }) => {
      if (facts.acknowledgedAtMs !== undefined) return;
      await this.#ports.store.setFacts(runId, { acknowledgedAtMs: this.#ports.clock.now() });
    });
  }

  /** Whether what a person deletes can be restored. */
  get keepsDeleted(): boolean {
    return this.#ports.bin !== undefined;
  }

  /** Deletes a run for a person, who can have it restored. Throws as `delete` does. */
  discard(runId: string, { withChildren }: { readonly withChildren: boolean }): Promise<void> {
    const { bin, store } = this.#ports;
    if (bin === undefined) return this.delete(runId, { withChildren });
    return this.#act(runId, 'delete', async (run) => {
      refuseFilesElsewhere(run, `run ${runId}`);
      const all = [...(withChildren ? await descendantsOf(run, this.#ports) : []), runId];
      for (const id of all.slice(0, -1)) refuse('delete', await store.get(id));
      await this.#refuseStarting(all);
      await bin.discard(all);
    });
  }

  /**
   * Removes a run for good, with its folder. Throws `run_has_children` where runs came from it, unless those go with
   * it: then none goes where one cannot.
   */
  delete(
    runId: string,
    { withChildren = false }: { readonly withChildren?: boolean } = {},
  ): Promise<void> {
    return this.#act(runId, 'delete', async (run) => {
      const { store, service } = this.#ports;
      refuseFilesElsewhere(run, `run ${runId}`);
      const all = [...(withChildren ? await descendantsOf(run, this.#ports) : []), runId];
      for (const id of all.slice(0, -1)) refuse('delete', await store.get(id));
      await this.#refuseStarting(all);
      for (const id of all) await service.delete(id);
    });
  }

  /** What waits in a queue is started by the queue: begun beside it, it would overtake who waits before it. */
  async #refuseQueued(runId: string): Promise<void> {
    const { queues } = this.#ports;
    const [entry] = await queues.ofRuns([runId]);
    if (entry?.status !== 'waiting' && entry?.status !== 'starting') return;
    const name = (await queues.find(entry.queueId))?.name ?? entry.queueId;
    const how = `move its entry ${entry.id} to the front there, or remove the entry`;
    throw new RowmillError('wrong_status', `run ${runId} waits in the queue ${name}: ${how}`);
  }

  /** One whose turn has come this moment would be made again. */
  async #refuseStarting(runIds: readonly string[]): Promise<void> {
    const entries = await this.#ports.queues.ofRuns(runIds);
    const starting = entries.find(({ status }) => status === 'starting');
    if (starting === undefined) return;
    throw new RowmillError('run_busy', `run ${starting.runId} is being started: stop it first`);
  }

  /** Looks how the run stands, and acts; once more where it stood otherwise meanwhile. */
  async #act(
    runId: string,
    action: RunAction,
    work: (run: HostedRun, situation: RunSituation) => Promise<void>,
  ): Promise<void> {
    await tryAgainWhileBusy(async () => {
      const run = await this.#ports.store.get(runId);
      const isTakenBack = action === 'resume' && run.isHeld && run.state.asked === 'pause';
      if (!isTakenBack) refuse(action, run);
      await work(run, situationOf(run));
    }, this.#ports);
  }

  /** Asks whoever carries the run out. */
  async #ask(runId: string, asked: AskedOfRun): Promise<void> {
    const { service, store, host, timeout } = this.#ports;
    await service.control(runId, asked, timeout(WAIT_MS));
    // It was let go meanwhile.
    const run = await store.get(runId);
    if (asked === 'resume' && !run.isHeld) await host.enqueue(runId);
  }

  /** A run that waits for its turn waits no longer. */
  async #withdraw({ record: { runId } }: HostedRun): Promise<void> {
    await this.#ports.store.setFacts(runId, { dueAtMs: undefined });
    await this.#tell(runId, 'withdrawn');
  }

  /** A run whose server has gone stays at its last checkpoint. */
  async #pauseHere(runId: string): Promise<void> {
    const held = await this.#ports.store.hold(runId);
    try {
      await held.setStatus('paused', { message: 'paused on request' });
    } finally {
      await held.release();
    }
    await this.#tell(runId, 'paused');
  }

  async #tell(runId: string, type: 'ended' | 'paused' | 'withdrawn'): Promise<void> {
    const { state } = await this.#ports.store.get(runId);
    const { status, succeeded, failed, message } = state;
    const elapsed = Math.round(state.elapsedMs);
    const data = { status, succeeded, failed, elapsed_ms: elapsed, message: message ?? null };
    await this.#ports.feed.tell({ runId, type, data });
  }
}

/** Throws where a run stands so that an action is not possible. */
function refuse(action: RunAction, run: HostedRun): void {
  const situation = situationOf(run);
  const why = refusalOf(action, situation);
  if (why === undefined) return;
  const isBusy = situation === 'executing' && (action === 'resume' || action === 'delete');
  const code = isBusy ? 'run_busy' : 'wrong_status';
  throw new RowmillError(code, `run ${run.record.runId} is ${situation}: ${why}`);
}
