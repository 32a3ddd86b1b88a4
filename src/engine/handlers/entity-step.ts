import { messageOf } from '../errors.ts';
import { untilStopped } from '../jobs/until-stopped.ts';
import type { Clock } from '../ports/clock.ts';
import type { EntityRun, EntityRunStore } from '../ports/entity-run-store.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { SecretBox } from '../ports/secret-box.ts';
import { secretsOf, type RunSecrets } from '../run/secrets/run-secrets.ts';
import { fail, stop, write, type Outcome } from '../task/outcome.ts';
import type { RunContext } from '../task/run-context.ts';
import { BegunError, type HandledJob, type Handler, type JobStatus } from './define-handler.ts';
import { HandledJobs, type EntityArguments } from './handled-jobs.ts';
import type { HandlerRegistry } from './registry.ts';

/** What carrying out the runs of handlers works with. */
export interface EntityStepPorts {
  readonly handlers: () => Promise<HandlerRegistry>;
  readonly entities: EntityRunStore;
  readonly runs: Pick<HostedRunStore, 'get'>;
  readonly box: SecretBox;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
}

const OVER: ReadonlySet<JobStatus> = new Set(['completed', 'failed', 'removed']);
/** What fails is tried so often in a row: a look at the progress, the result, and its delivery. */
const TRIES = 5;
/** Of a result. What is longer is written to its target, and not kept. */
const MOST_KEPT_BYTES = 16 * 1024 * 1024;
const MOST_TEXT = 8_192;
const NO_SCHEDULE = 'the schedule of an entity starts nothing here: it is carried out once, now';

/** What a token is bound to. */
export function aboutToken(runId: string): string {
  return `token of ${runId}`;
}

/** The one step of a run of a handler: it is started once, looked at until it is over, and its result fetched. */
export async function entityStep(
  run: RunContext<EntityArguments, undefined>,
  ports: EntityStepPorts,
): Promise<Outcome> {
  const { runId } = run;
  const { entities, box } = ports;
  const stored = await entities.find(runId);
  if (stored === undefined) throw new Error(`nothing is known of the entity of ${runId}`);
  if (stored.phase === 'ended') return rowOf(stored);
  const token = stored.token && box.open(stored.token, aboutToken(runId));
  const secrets = secretsOf(token);
  const work = new EntityWork(run, { stored, token, secrets, ports });
  const outcome = await untilStopped(run, ports, (signal) => work.carryOut(signal)).catch(
    (error: unknown) => {
      // The server ends, or its store is gone: another goes on.
      if (run.signal.aborted) throw error;
      return secrets.redact(messageOf(error));
    },
  );
  if (outcome === 'stopped') await work.remove();
  else if (outcome !== undefined) await work.giveUp(outcome);
  if (outcome === 'stopped') return stop();
  return rowOf((await entities.find(runId)) ?? stored);
}

/** A run of a handler while it is carried out. */
class EntityWork {
  readonly #run: RunContext<EntityArguments, undefined>;
  readonly #ports: EntityStepPorts;
  readonly #stored: EntityRun;
  readonly #secrets: RunSecrets;
  readonly #jobs: HandledJobs;
  #said: string | undefined;
  /** Its start has come to its end, here or at an earlier server, or that is not known. */
  #isBegun: boolean;
  /** What its handler has said that it came to. */
  #end: JobStatus | undefined;
  /** Its result is in the store. */
  #isKept = false;

  constructor(
    run: RunContext<EntityArguments, undefined>,
    given: {
      readonly stored: EntityRun;
      readonly token: string | undefined;
      readonly secrets: RunSecrets;
      readonly ports: EntityStepPorts;
    },
  ) {
    this.#run = run;
    this.#ports = given.ports;
    this.#stored = given.stored;
    this.#secrets = given.secrets;
    this.#jobs = new HandledJobs(run, { ...given, ...given.ports });
    this.#isBegun = given.stored.phase === 'started';
  }

  /** Throws with the reason where it does not come to its result. */
  async carryOut(signal: AbortSignal): Promise<undefined> {
    const { phase, resultText } = this.#stored;
    const had =
      resultText === undefined ? undefined : await this.#ports.entities.content(this.#run.runId);
    if (resultText !== undefined && had !== undefined) {
      // A server went away behind this: the handler has given its result, and may have nothing more.
      this.#isKept = true;
      const handler = await this.#handler();
      const job = this.#jobs.make(signal);
      await this.#try({ handler, job, problem: 'its result cannot be delivered' }, () =>
        this.#deliver(had, job, handler),
      );
      await this.#release(job);
      return this.end('completed', resultText);
    }
    const handler = await this.#handler();
    const job = this.#jobs.make(signal);
    if (phase === 'waiting') await this.#start(handler, job);
    else if (phase === 'starting') await this.#startUnlessBegun(handler, job);
    const status = await this.#untilOver(handler, job);
    if (status !== 'completed') throw new Error(this.#said || `it is ${status}`);
    const [text, content] = await this.#try(
      { handler, job, problem: 'its result cannot be fetched' },
      () => handler.result(job),
    );
    if (typeof text !== 'string' || !(content instanceof Uint8Array)) {
      throw new Error('result() of its handler gave no text with bytes');
    }
    const isShort = content.length <= MOST_KEPT_BYTES;
    await this.#ports.entities.save(this.#run.runId, {
      resultText: this.#clean(text),
      ...(isShort ? { content } : {}),
    });
    this.#isKept = isShort;
    const isDelivered = await this.#try(
      { handler, job, problem: 'its result cannot be delivered' },
      () => this.#deliver(content, job, handler),
    );
    if (this.#isKept || isDelivered) await this.#release(job);
    else {
      job.log.warn(`${content.length} bytes of result are too long to be kept: ${this.#left()}`);
    }
    return this.end('completed', text);
  }

  async end(status: JobStatus, text: string): Promise<undefined> {
    await this.#say(status, text);
    const gone = { token: undefined };
    await this.#ports.entities.save(this.#run.runId, { phase: 'ended', ...gone });
  }

  /** Somebody has asked to stop it. */
  async remove(): Promise<void> {
    const job = this.#jobs.make(this.#run.signal);
    const [status, text] = await this.#handler()
      .then((handler) => handler.remove(job))
      .catch(
        (error: unknown) => ['unknown', `it could not be removed: ${messageOf(error)}`] as const,
      );
    await this.end(status, text);
  }

  /**
   * It does not come to its result. What was begun, and its handler has not seen the end of, may be at work
   * or completed: nobody but who stops it takes that away. Work that is completed stays where it is too,
   * unless its result is safe.
   */
  async giveUp(why: string): Promise<undefined> {
    if (!this.#isBegun) return this.end('failed', why);
    if (this.#end === undefined) return this.end('failed', `${why}; ${this.#mayRun()}`);
    if (this.#end !== 'completed') return this.end('failed', why);
    if (!this.#isKept) {
      return this.end('failed', `${why}; its work is completed, and ${this.#left()}`);
    }
    const kept = '; its result is kept here';
    const left = await this.#handler()
      .then((handler) => handler.remove(this.#jobs.make(this.#run.signal)))
      .then(() => '')
      .catch((error: unknown) => `; it could not be removed: ${messageOf(error)}`);
    return this.end('failed', `${why}${kept}${left}`);
  }

  #left(): string {
    return `its result is left where ${this.#place()}`;
  }

  #mayRun(): string {
    return `its work was not removed and may still run where ${this.#place()}`;
  }

  #place(): string {
    const { type } = this.#run.arguments.entity.runner;
    return `the handler ${type} has it by ${this.#run.runId}`;
  }

  /** Its result is safe: what is left behind keeps nobody from having it. */
  async #release(job: HandledJob): Promise<void> {
    try {
      await (await this.#handler()).release(job);
    } catch (error) {
      job.log.warn(`what it leaves behind could not be removed: ${messageOf(error)}`);
    }
  }

  async #handler(): Promise<Handler> {
    return (await this.#ports.handlers()).find(this.#run.arguments.entity.runner.type);
  }

  async #start(handler: Handler, job: HandledJob): Promise<void> {
    const { runId } = this.#run;
    // What it refers to must be there before anything is begun.
    if (handler.addresses === undefined) await job.input();
    const { schedule = null } = job.entity;
    if (schedule !== null) job.log.warn(NO_SCHEDULE);
    await this.#ports.entities.save(runId, { phase: 'starting', status: 'starting' });
    const text = await this.#begin(handler, job);
    this.#isBegun = true;
    const startedAtMs = Math.floor(this.#ports.clock.now());
    await this.#ports.entities.save(runId, { phase: 'started', startedAtMs });
    await this.#say('running', text);
  }

  async #begin(handler: Handler, job: HandledJob): Promise<string> {
    try {
      return await handler.start(job);
    } catch (error) {
      this.#isBegun = error instanceof BegunError;
      throw error;
    }
  }

  /** Its server went away in the call of `start`: the handler knows whether it was begun. */
  async #startUnlessBegun(handler: Handler, job: HandledJob): Promise<void> {
    this.#isBegun = true;
    const [status] = await this.#try(
      { handler, job, problem: 'whether it was begun cannot be seen' },
      () => handler.progress(job),
    );
    if (status === 'registered' || status === 'not started') {
      this.#isBegun = false;
      return this.#start(handler, job);
    }
    if (status === 'unknown') {
      throw new Error('a server went away as it started it: whether it was begun is not known');
    }
    await this.#ports.entities.save(this.#run.runId, { phase: 'started' });
  }

  async #untilOver(handler: Handler, job: HandledJob): Promise<JobStatus> {
    for (;;) {
      const status = await this.#try(
        { handler, job, problem: 'its progress cannot be seen' },
        async () => {
          const [found, text] = await handler.progress(job);
          // It is completed for others once its result is there.
          await this.#say(found === 'completed' ? 'running' : found, text);
          return found;
        },
      );
      if (OVER.has(status)) {
        this.#end = status;
        return status;
      }
      await this.#ports.clock.sleep(handler.pollMs, job.signal);
    }
  }

  /** Makes a call that may fail for a while. Throws what it fails with last. */
  async #try<Result>(
    of: { readonly handler: Handler; readonly job: HandledJob; readonly problem: string },
    call: () => Result | Promise<Result>,
  ): Promise<Result> {
    const { signal, log } = of.job;
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted();
      try {
        return await call();
      } catch (error) {
        if (failures === TRIES || signal.aborted) throw error;
        log.warn(`${of.problem}: ${messageOf(error)}`);
      }
      await this.#ports.clock.sleep(of.handler.pollMs, signal);
    }
  }

  /** Whether it is where it was to go. */
  async #deliver(content: Uint8Array, job: HandledJob, handler: Handler): Promise<boolean> {
    const { outputTarget } = this.#run.arguments.entity;
    if (handler.addresses?.hasWritten(job) === true) return true;
    if (outputTarget === undefined) return false;
    const registry = await this.#ports.handlers();
    if (handler.addresses !== undefined && !registry.writes(outputTarget)) {
      job.log.warn(
        `the result stays here: neither its handler nor a plugin writes to ${outputTarget}`,
      );
      return false;
    }
    await job.write(outputTarget, content);
    return true;
  }

  /** Tells what is new. */
  async #say(status: JobStatus, said: string): Promise<void> {
    const text = this.#clean(typeof said === 'string' ? said : '');
    if (text !== this.#said && text !== '') {
      this.#run.log[status === 'failed' ? 'error' : 'info'](text, { status });
    }
    this.#said = text;
    await this.#ports.entities.save(this.#run.runId, { status, text });
  }

  #clean(text: string): string {
    return this.#secrets.redact(text).slice(0, MOST_TEXT);
  }
}

function rowOf({ status, text, resultText }: EntityRun): Outcome {
  if (status !== 'completed')
    return stop(fail({ code: `handler_${status}`, message: text || status }));
  return stop(write({ result_code: 'success', message: text, result: resultText ?? '' }));
}
