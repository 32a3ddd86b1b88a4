/** How a container stands. */
export interface ContainerState {
  readonly status: 'created' | 'running' | 'removing' | 'exited';
  readonly exitCode: number;
  readonly isOutOfMemory: boolean;
  /** What the engine says that went wrong. */
  readonly error: string;
  /** Undefined where it was never started. */
  readonly startedAtMs: number | undefined;
}

/** What a container is made of. */
export interface ContainerPlan {
  readonly name: string;
  readonly image: string;
  /** In the place of that of the image. */
  readonly command: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** Part of the environment that nobody sees who looks at the container, where the engine can do that. */
  readonly secretEnvironment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  /** Processors; undefined for what the engine gives. */
  readonly cpus: number | undefined;
  readonly processes: number;
  readonly hasNetwork: boolean;
}

/** What runs containers: an engine near by, or a service that has one. */
export interface ContainerEngine {
  /** For people: `the container engine at tcp://…`. */
  readonly name: string;
  /** Has the image brought where it is not there, and starts it. One of this name that is there stays as it is. */
  start(plan: ContainerPlan, signal: AbortSignal): Promise<void>;
  /** Undefined where there is none of this name. */
  state(name: string, signal: AbortSignal): Promise<ContainerState | undefined>;
  /** What it has printed, up to so many bytes; the end of it where `tail` lines are asked for. */
  output(name: string, wanted: WantedOutput): Promise<PrintedOutput>;
  /** With all that runs in it. Nothing where there is none of this name. */
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** All that have a label, whatever its value is. */
  labelled(label: string, signal: AbortSignal): Promise<readonly ListedContainer[]>;
}

/** A container that is there. */
export interface ListedContainer {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface WantedOutput {
  readonly stream: 'stdout' | 'both';
  readonly maxBytes: number;
  readonly tail?: number;
  readonly signal: AbortSignal;
}

export interface PrintedOutput {
  readonly content: Uint8Array;
  readonly isCut: boolean;
}
