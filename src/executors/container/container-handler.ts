import { createHash } from 'node:crypto';
import {
  defineHandler,
  type HandledJob,
  type Handler,
} from '../../engine/handlers/define-handler.ts';
import type { ContainerEngine } from './container-engine.ts';
import { RUN_LABEL, SERVER_LABEL, UNTIL_LABEL, untilLabel } from './container-labels.ts';

/** What the runner of an entity says of its container. */
interface ContainerRunner {
  readonly image: string;
  readonly command: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly hasNetwork: boolean;
  readonly cpus: number | undefined;
}

const DEFAULT_MEMORY_MB = 128;
const DEFAULT_TIMEOUT_S = 600;
const MOST_PROCESSES = 256;
/** What is longer does not go into an environment. */
const MOST_INPUT = 64 * 1024;
const MOST_OUTPUT = 64 * 1024 * 1024;
const TAIL_LINES = 20;
/** How long an image may take to be pulled and a container to be placed, where that is not waited for. */
const START_S = 900;

/** For which entities an engine runs containers. */
interface ContainerKind {
  readonly supportedType: readonly string[];
  readonly description: string;
  readonly pollSeconds: number;
  /** Of the container of an entity, as the engine allows it; always the same. */
  readonly nameOf: (job: HandledJob) => string;
}

export const NEAR_CONTAINERS: ContainerKind = {
  supportedType: ['container', 'dmss://WorkflowDS/Blueprints/Container'],
  description: 'Run a container of an image',
  pollSeconds: 1,
  nameOf: ({ uid }) => `rowmill-${uid}`,
};
export const AZURE_CONTAINERS: ContainerKind = {
  supportedType: ['azure-container', 'dmss://WorkflowDS/Blueprints/AzureContainer'],
  description: 'Run a container instance of Azure',
  pollSeconds: 5,
  // Lower case, digits and hyphens, 63 at most.
  nameOf: ({ uid }) => `rowmill-${createHash('sha256').update(uid).digest('hex').slice(0, 40)}`,
};

/**
 * Runs a container of an image: its standard output is the result. It is found again by its name, whatever
 * server looks, and is gone when it has ended. `now`: ms since 1970; `server`: as it is told in labels.
 */
export function containerHandler(
  engine: ContainerEngine,
  { supportedType, description, pollSeconds, nameOf }: ContainerKind,
  { now, server }: { readonly now: () => number; readonly server: string },
): Handler {
  /** What it said last, and nothing is left of it. */
  const ended = async (job: HandledJob, why: string): Promise<readonly ['failed', string]> => {
    const { content } = await engine.output(nameOf(job), {
      stream: 'both',
      maxBytes: 4_096,
      tail: TAIL_LINES,
      signal: job.signal,
    });
    await engine.remove(nameOf(job), job.signal);
    const said = new TextDecoder().decode(content).trim();
    return ['failed', said === '' ? why : `${why}: ${said}`];
  };
  return defineHandler({
    supportedType,
    description,
    pollSeconds,
    runsGivenCode: true,
    async start(job) {
      const runner = runnerOf(job);
      const input = JSON.stringify((await job.input()) ?? null);
      if (input.length > MOST_INPUT) {
        throw new Error(
          `the input has ${input.length} characters: a container takes ${MOST_INPUT}`,
        );
      }
      const token = job.token === undefined ? {} : { JOB_TOKEN: job.token, DMSS_TOKEN: job.token };
      const plan = {
        ...runner,
        name: nameOf(job),
        environment: { ...runner.environment, JOB_UID: job.uid, JOB_INPUT: input },
        secretEnvironment: token,
        labels: {
          [RUN_LABEL]: job.uid,
          [SERVER_LABEL]: server,
          [UNTIL_LABEL]: untilLabel(now(), START_S + runner.timeoutSeconds),
        },
        processes: MOST_PROCESSES,
      };
      try {
        await engine.start(plan, job.signal);
        await job.keep({ container: plan.name, beganMs: now() });
      } catch (error) {
        await engine.remove(plan.name, job.signal);
        throw error;
      }
      return `a container of ${runner.image} was started`;
    },
    async progress(job) {
      const state = await engine.state(nameOf(job), job.signal);
      if (state === undefined) {
        return job.kept === undefined
          ? ['not started', '']
          : ['failed', 'its container is no longer there'];
      }
      const { timeoutSeconds, memoryMb } = runnerOf(job);
      switch (state.status) {
        case 'created': {
          const lateMs = now() - beganMs(job, now()) - (START_S + timeoutSeconds) * 1_000;
          if (lateMs > 0) return ended(job, `it has not started in time: ${state.error}`);
          return [job.kept === undefined ? 'not started' : 'starting', state.error];
        }
        case 'running': {
          const lateMs = now() - (state.startedAtMs ?? now()) - timeoutSeconds * 1_000;
          if (lateMs > 0) return ended(job, `it took longer than ${timeoutSeconds} s`);
          return ['running', ''];
        }
        case 'removing':
        case 'exited':
          if (state.isOutOfMemory) return ended(job, `it took more than ${memoryMb} MB of memory`);
          if (state.exitCode === 0) return ['completed', 'it ended with the exit code 0'];
          if (state.startedAtMs === undefined && state.error !== '') return ended(job, state.error);
          return ended(job, `it ended with the exit code ${state.exitCode}`);
      }
    },
    async result(job) {
      const { content, isCut } = await engine.output(nameOf(job), {
        stream: 'stdout',
        maxBytes: MOST_OUTPUT,
        signal: job.signal,
      });
      const cut = isCut ? ` of more than ${MOST_OUTPUT}` : '';
      return [`${content.length} bytes${cut} of output`, content];
    },
    release: (job) => engine.remove(nameOf(job), job.signal),
    async remove(job) {
      await engine.remove(nameOf(job), job.signal);
      return ['removed', 'its container is removed'];
    },
  });
}

/** When it was begun, as far as that was kept. */
function beganMs({ kept }: HandledJob, otherwise: number): number {
  const hasBegun = typeof kept === 'object' && kept !== null && 'beganMs' in kept;
  const began = hasBegun ? kept.beganMs : undefined;
  return typeof began === 'number' ? began : otherwise;
}

/** Throws with all that is wrong. */
function runnerOf({ entity: { runner } }: HandledJob): ContainerRunner {
  const problems: string[] = [];
  const image = imageOf(runner['image']);
  if (image === undefined) problems.push('runner.image: expected a name, such as alpine:3.20');
  const command = runner['command'];
  const isCommand = isTexts(command) || command === undefined;
  if (!isCommand) problems.push('runner.command: expected a list of texts');
  const environment = environmentOf(runner['environmentVariables']);
  if (environment === undefined)
    problems.push('runner.environmentVariables: expected texts NAME=VALUE');
  const numberOf = (field: string, otherwise: number): number => {
    const value = runner[field] ?? otherwise;
    if (typeof value === 'number' && value > 0 && value <= 1_000_000) return value;
    problems.push(`runner.${field}: expected a number above 0`);
    return otherwise;
  };
  const memoryMb = numberOf('memory', DEFAULT_MEMORY_MB);
  const timeoutSeconds = numberOf('timeout', DEFAULT_TIMEOUT_S);
  const cpus = runner['cpus'] === undefined ? undefined : numberOf('cpus', 1);
  if (problems.length > 0 || image === undefined || !isCommand || environment === undefined) {
    throw new Error(problems.join('; '));
  }
  return {
    image,
    command,
    environment,
    memoryMb,
    timeoutSeconds,
    cpus,
    hasNetwork: runner['network'] === true,
  };
}

/** `alpine:3.20`, or in three fields, as the blueprint of a container image has it. */
function imageOf(image: unknown): string | undefined {
  if (typeof image === 'string') return image === '' ? undefined : image;
  if (typeof image !== 'object' || image === null) return undefined;
  const { registryName, imageName, version }: Readonly<Record<string, unknown>> = { ...image };
  if (typeof imageName !== 'string' || imageName === '') return undefined;
  const registry =
    typeof registryName === 'string' && registryName !== '' ? `${registryName}/` : '';
  return `${registry}${imageName}${typeof version === 'string' ? `:${version}` : ''}`;
}

function environmentOf(given: unknown = []): Readonly<Record<string, string>> | undefined {
  if (!isTexts(given)) return undefined;
  const pairs = given.map((text) => /^([A-Za-z_]\w*)=([^]*)$/.exec(text));
  if (!pairs.every((pair) => pair !== null)) return undefined;
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
