import type { Container, ContainerGroup } from '@azure/arm-containerinstance';
import { messageOf } from '../../engine/errors.ts';
import type {
  ContainerEngine,
  ContainerPlan,
  ContainerState,
  ListedContainer,
  PrintedOutput,
  WantedOutput,
} from '../container/container-engine.ts';
import { openAzure, type AzureRoute } from './azure-client.ts';
import type { AzureSettings } from './azure-settings.ts';

/** What is put into a container instance before it runs: by its path below the folder. */
export interface PlacedFiles {
  /** Absolute. */
  readonly folder: string;
  /** By their names: no folders below it. Nobody who looks at the group sees them. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** The one container of a group. */
const MAIN = 'main';
const VOLUME = 'rowmill';
/** Where nothing is said. */
const CPUS = 1;

/** Containers by Azure Container Instances: each is a group of its own, in one resource group. */
export class AzureContainers implements ContainerEngine {
  readonly name: string;
  readonly #settings: AzureSettings;
  readonly #route: AzureRoute | undefined;
  #opened: ReturnType<typeof openAzure> | undefined;
  #location: Promise<string> | undefined;

  constructor(settings: AzureSettings, route?: AzureRoute) {
    this.#settings = settings;
    this.#route = route;
    this.name = `Azure (the resource group ${settings.resourceGroup})`;
  }

  async start(plan: ContainerPlan, signal: AbortSignal, placed?: PlacedFiles): Promise<void> {
    if ((await this.state(plan.name, signal)) !== undefined) return;
    const location = await this.location(signal);
    await this.#ask(async ({ client }) => {
      const group = groupOf(plan, location, placed);
      // What becomes of it, its state tells.
      await client.containerGroups.beginCreateOrUpdate(this.#group, plan.name, group, {
        abortSignal: signal,
      });
    });
  }

  async state(name: string, signal: AbortSignal): Promise<ContainerState | undefined> {
    const group = await this.#ask(({ client }) =>
      client.containerGroups.get(this.#group, name, { abortSignal: signal }),
    );
    return group && stateOf(group);
  }

  async output(name: string, { maxBytes, tail, signal }: WantedOutput): Promise<PrintedOutput> {
    const logs = await this.#ask(({ client }) =>
      client.containers.listLogs(this.#group, name, MAIN, {
        abortSignal: signal,
        ...(tail !== undefined && { tail }),
      }),
    );
    const content = Buffer.from(logs?.content ?? '');
    return { content: content.subarray(0, maxBytes), isCut: content.length > maxBytes };
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.#ask(({ client }) =>
      client.containerGroups.beginDelete(this.#group, name, { abortSignal: signal }),
    );
  }

  async labelled(label: string, signal: AbortSignal): Promise<readonly ListedContainer[]> {
    const found = await this.#ask(async ({ client }) => {
      const groups: ContainerGroup[] = [];
      const listed = client.containerGroups.listByResourceGroup(this.#group, {
        abortSignal: signal,
      });
      for await (const group of listed) groups.push(group);
      return groups;
    });
    return (found ?? []).flatMap(({ name, tags = {} }) =>
      name !== undefined && label in tags ? [{ name, labels: tags }] : [],
    );
  }

  /** Where its containers run. */
  location(signal: AbortSignal): Promise<string> {
    const { location } = this.#settings;
    if (location !== undefined) return Promise.resolve(location);
    this.#location ??= this.#ask((azure) => azure.location(signal))
      .then((found) => found ?? '')
      .catch((error: unknown) => {
        this.#location = undefined;
        throw error;
      });
    return this.#location;
  }

  get #group(): string {
    return this.#settings.resourceGroup;
  }

  /** Undefined for what is not there. The secret is in no message. */
  async #ask<Answer>(
    question: (azure: Awaited<ReturnType<typeof openAzure>>) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    this.#opened ??= openAzure(this.#settings, this.#route);
    const azure = await this.#opened.catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return question(azure).catch((error: unknown) => {
      if (statusOf(error) === 404) return undefined;
      const said = messageOf(error).replaceAll(this.#settings.secret, '[secret]');
      // With its request the secret would be known to whoever logs it: it is no cause.
      throw new Error(`${this.name}: ${said.split('\n')[0] ?? ''}`);
    });
  }
}

function statusOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'statusCode' in error
    ? error.statusCode
    : undefined;
}

function groupOf(plan: ContainerPlan, location: string, placed?: PlacedFiles): ContainerGroup {
  const pairs = Object.entries(plan.environment);
  const secretPairs = Object.entries(plan.secretEnvironment);
  const container: Container = {
    name: MAIN,
    image: plan.image,
    ...(plan.command !== undefined && { command: [...plan.command] }),
    environmentVariables: [
      ...pairs.map(([name, value]) => ({ name, value })),
      ...secretPairs.map(([name, secureValue]) => ({ name, secureValue })),
    ],
    resources: {
      // It takes tenths of a GB.
      requests: { cpu: plan.cpus ?? CPUS, memoryInGB: Math.ceil(plan.memoryMb / 102.4) / 10 },
    },
    ...(placed !== undefined && {
      volumeMounts: [{ name: VOLUME, mountPath: placed.folder, readOnly: true }],
    }),
  };
  return {
    location,
    osType: 'Linux',
    restartPolicy: 'Never',
    tags: { ...plan.labels },
    containers: [container],
    ...(placed !== undefined && { volumes: [{ name: VOLUME, secret: base64Of(placed) }] }),
  };
}

function base64Of({ files }: PlacedFiles): Record<string, string> {
  const pairs = Object.entries(files);
  return Object.fromEntries(
    pairs.map(([name, content]) => [name, Buffer.from(content).toString('base64')]),
  );
}

function stateOf({
  containers: [container],
  provisioningState,
  instanceView,
}: ContainerGroup): ContainerState {
  const { currentState, events = [] } = container?.instanceView ?? {};
  const { state, startTime, exitCode, detailStatus = '' } = currentState ?? {};
  const told = [...events, ...(instanceView?.events ?? [])];
  const warning = told.findLast(({ type }) => type === 'Warning')?.message ?? '';
  const begun = { startedAtMs: startTime?.getTime(), isOutOfMemory: detailStatus === 'OOMKilled' };
  if (state === 'Terminated') {
    return { ...begun, status: 'exited', exitCode: exitCode ?? -1, error: detailStatus };
  }
  if (provisioningState === 'Failed' || instanceView?.state === 'Failed') {
    return { ...begun, status: 'exited', exitCode: -1, error: warning || 'it could not be made' };
  }
  if (provisioningState === 'Deleting') {
    return { ...begun, status: 'removing', exitCode: -1, error: '' };
  }
  const status = state === 'Running' ? 'running' : 'created';
  return { ...begun, status, exitCode: 0, error: warning };
}
