import { RowmillError } from '../errors.ts';
import type { RunEventFeed } from '../hosting/run-event-feed.ts';
import type { RunHost } from '../hosting/run-host.ts';
import type { EntityRunStore } from '../ports/entity-run-store.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { SecretBox } from '../ports/secret-box.ts';
import type { RunOwner, RunService } from '../run/run-service.ts';
import type { RegisteredTask } from '../task/registry.ts';
import type { JobEntity } from './define-handler.ts';
import { aboutToken } from './entity-step.ts';
import { addressOf, type HandlerRegistry } from './registry.ts';

interface EntityStarterPorts {
  readonly handlers: () => Promise<HandlerRegistry>;
  readonly entities: EntityRunStore;
  readonly runs: Pick<HostedRunStore, 'get'>;
  readonly service: Pick<RunService, 'create'>;
  readonly host: Pick<RunHost, 'enqueue'>;
  readonly feed: Pick<RunEventFeed, 'tell'>;
  readonly box: SecretBox;
  readonly task: RegisteredTask;
}

/** Starts what handlers run. */
export class EntityStarter {
  readonly #ports: EntityStarterPorts;

  constructor(ports: EntityStarterPorts) {
    this.#ports = ports;
  }

  /** Throws `usage` where no handler supports it, or an address in it is of a scheme that nobody reads. */
  async refuse({ runner, applicationInput, outputTarget }: JobEntity): Promise<void> {
    const registry = await this.#ports.handlers();
    if (registry.find(runner.type).addresses !== undefined) return;
    const address = addressOf(applicationInput);
    if (address !== undefined) registry.referencesOf(address);
    if (outputTarget === undefined) return;
    if (registry.referencesOf(outputTarget).write === undefined) {
      throw new RowmillError('usage', `outputTarget ${outputTarget}: nothing is written there`);
    }
  }

  /** Gives the id of the run. One of this id that is there already is gone on with. */
  async start(
    entity: JobEntity,
    {
      token,
      owner,
      runId: wantedId,
    }: {
      readonly token: string | undefined;
      readonly owner: RunOwner;
      readonly runId: string | undefined;
    },
  ): Promise<string> {
    const { entities, service, host, feed, box, task } = this.#ports;
    await this.refuse(entity);
    const { runId } =
      (await this.#madeBefore(wantedId)) ??
      (await service.create({
        runId: wantedId,
        task: task.task,
        codeHash: task.codeHash,
        arguments: { entity },
        input: { kind: 'none' },
        output: { kind: 'run_folder' },
        options: {},
        resume: false,
        acceptNewCode: false,
        onInvalid: 'reject',
        excelSafe: false,
        owner,
      }));
    await entities.create({ runId, token: token && box.seal(token, aboutToken(runId)) });
    await feed.tell({ runId, type: 'created', data: { status: 'pending' } });
    await host.enqueue(runId);
    return runId;
  }

  /** The run that an earlier attempt at the same start has stored. */
  async #madeBefore(runId: string | undefined): Promise<{ readonly runId: string } | undefined> {
    if (runId === undefined) return undefined;
    try {
      return (await this.#ports.runs.get(runId)).record;
    } catch (error) {
      if (error instanceof RowmillError && error.code === 'run_not_found') return undefined;
      throw error;
    }
  }
}
