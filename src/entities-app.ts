import { join } from 'node:path';
import { entityTask, ENTITY_TASK } from './engine/handlers/entity-task.ts';
import type { EntityStepPorts } from './engine/handlers/entity-step.ts';
import { HandlerRegistry } from './engine/handlers/registry.ts';
import { EntityStarter } from './engine/handlers/start-entity.ts';
import type { HandlerCommands } from './engine/handlers/handler-commands.ts';
import type { RegisteredTask } from './engine/task/registry.ts';
import { clearEntities } from './executors/container/clear-containers.ts';
import type { ContainerEngine } from './executors/container/container-engine.ts';
import {
  AZURE_CONTAINERS,
  containerHandler,
  NEAR_CONTAINERS,
} from './executors/container/container-handler.ts';
import { serverLabel } from './executors/container/container-labels.ts';
import { DockerEngine } from './executors/container/docker-engine.ts';
import { keepClear } from './executors/container/keep-clear.ts';
import { httpHandler } from './executors/handlers/http-handler.ts';
import { processHandler } from './executors/handlers/process-handler.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';
import { SqlEntityRunStore } from './stores/sql/sql-entity-run-store.ts';

/** The handlers of a server. */
export interface HandlerSource {
  registry(): Promise<HandlerRegistry>;
  /** Modules that did not load. */
  readonly problems: readonly { readonly file: string; readonly message: string }[];
}

/** What runs container instances of Azure. */
export type AzureEngine = ContainerEngine;

interface EntitiesOptions {
  readonly handlers?: HandlerSource | undefined;
  /** What entities of the type `process` may name. Default: nothing. */
  readonly handlerCommands?: HandlerCommands;
  readonly containerEngine?: string | undefined;
  readonly azure?: AzureEngine | undefined;
  readonly dataDir: string;
  /** What the server has done by itself. */
  readonly onNotice?: ((message: string) => void) | undefined;
  readonly tasks: { find(name: string): Promise<RegisteredTask> };
}

type StarterPorts = ConstructorParameters<typeof EntityStarter>[0];

/** What handlers run on a server: what its host needs to carry it out, and what its API needs. */
export async function openEntities(
  database: SqlDatabase,
  {
    handlers = NO_HANDLERS,
    handlerCommands = {},
    containerEngine,
    azure,
    dataDir,
    onNotice = () => undefined,
    tasks,
  }: EntitiesOptions,
  {
    serverId,
    ...ports
  }: Omit<EntityStepPorts, 'entities' | 'handlers'> & { readonly serverId: string },
) {
  // Two handlers of one type are told when the server starts, not when one is needed.
  const known = (await handlers.registry()).copy();
  const now = (): number => ports.clock.now();
  known.addBuiltIn(httpHandler);
  if (Object.keys(handlerCommands).length > 0) {
    const folder = join(dataDir, 'processes');
    known.addBuiltIn(processHandler(handlerCommands, { folder, now }));
  }
  const server = serverLabel(serverId);
  const near = containerEngine === undefined ? undefined : new DockerEngine(containerEngine);
  if (near !== undefined) {
    known.addBuiltIn(containerHandler(near, NEAR_CONTAINERS, { now, server }));
  }
  if (azure !== undefined) {
    known.addBuiltIn(containerHandler(azure, AZURE_CONTAINERS, { now, server }));
  }
  const entities = new SqlEntityRunStore(database);
  const registry = async (): Promise<HandlerRegistry> => known;
  const task = entityTask({ ...ports, entities, handlers: registry });
  return {
    /** Every registered task, and what handlers run. */
    tasks: {
      find: async (name: string) => (name === ENTITY_TASK ? task : tasks.find(name)),
    },
    /** Removes containers whose entity is gone or has ended, now and again and again. */
    keepClear() {
      const find = (runId: string) => entities.find(runId);
      const engines: readonly ContainerEngine[] = [near, azure].filter(
        (each) => each !== undefined,
      );
      const what = 'containers of entities that are over';
      const all = engines.map((engine) =>
        keepClear((signal) => clearEntities(engine, { server, find, nowMs: now(), signal }), {
          what,
          onNotice,
        }),
      );
      return { close: async () => void (await Promise.all(all.map((each) => each.close()))) };
    },
    forApi: (more: Pick<StarterPorts, 'service' | 'host' | 'feed'>) => ({
      store: entities,
      handlers: {
        registry,
        get problems() {
          return handlers.problems;
        },
      },
      starter: new EntityStarter({ ...ports, ...more, entities, handlers: registry, task }),
    }),
  };
}

const NO_HANDLERS: HandlerSource = {
  registry: () => Promise.resolve(new HandlerRegistry()),
  problems: [],
};
