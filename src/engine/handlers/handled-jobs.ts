import type { EntityRun, EntityRunStore } from '../ports/entity-run-store.ts';
import { redactedLog, type RunSecrets } from '../run/secrets/run-secrets.ts';
import type { RunContext } from '../task/run-context.ts';
import type { HandledJob, JobEntity } from './define-handler.ts';
import { addressOf, type HandlerRegistry } from './registry.ts';

/** The arguments of a run of a handler. */
export interface EntityArguments {
  readonly entity: JobEntity;
}

/** A run of a handler, as its handler sees it: what one of them keeps or reads, the next one has. */
export class HandledJobs {
  readonly #run: RunContext<EntityArguments, undefined>;
  readonly #given: HandledJobsPorts;
  #kept: unknown;
  #input: Promise<unknown> | undefined;

  constructor(run: RunContext<EntityArguments, undefined>, given: HandledJobsPorts) {
    this.#run = run;
    this.#given = given;
    this.#kept = given.stored.kept;
  }

  make(signal: AbortSignal): HandledJob {
    const { runId: uid, log, fetch } = this.#run;
    const { entity } = this.#run.arguments;
    const { token, secrets, entities } = this.#given;
    const kept = (): unknown => this.#kept;
    return {
      uid,
      entity,
      token,
      fetch,
      signal,
      log: redactedLog(log, secrets),
      input: () => (this.#input ??= this.#resolved(entity.applicationInput, signal)),
      read: (address) => this.#read(address, signal),
      write: (address, content) => this.#write(address, content, signal),
      get kept() {
        return kept();
      },
      keep: async (value) => {
        this.#kept = value;
        await entities.save(uid, { kept: value ?? null });
      },
    };
  }

  #context(signal: AbortSignal) {
    return { token: this.#given.token, fetch: this.#run.fetch, signal };
  }

  async #resolved(input: unknown, signal: AbortSignal): Promise<unknown> {
    const address = addressOf(input);
    return address === undefined ? input : this.#read(address, signal);
  }

  async #read(address: string, signal: AbortSignal): Promise<unknown> {
    const references = (await this.#given.handlers()).referencesOf(address);
    return references.resolve(address, this.#context(signal));
  }

  async #write(address: string, content: Uint8Array, signal: AbortSignal): Promise<void> {
    const references = (await this.#given.handlers()).referencesOf(address);
    if (references.write === undefined) throw new Error(`nothing is written to ${address}`);
    await references.write(address, content, this.#context(signal));
  }
}

interface HandledJobsPorts {
  readonly stored: Pick<EntityRun, 'kept'>;
  readonly token: string | undefined;
  readonly secrets: RunSecrets;
  readonly entities: Pick<EntityRunStore, 'save'>;
  readonly handlers: () => Promise<HandlerRegistry>;
}
