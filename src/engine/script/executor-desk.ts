type JsonObject = Readonly<Record<string, unknown>>;

/** An executor of a server, for a person. */
export interface ShownExecutor {
  readonly name: string;
  readonly kind: string;
  readonly runtimeVersion: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly hasNetwork: boolean;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** The executors of an account on a server, by their names. */
export interface ExecutorDesk {
  /** The default one first, the others in order of their names. */
  list(): Promise<readonly ShownExecutor[]>;
  show(name: string): Promise<ShownExecutor>;
  /** As `POST /v1/executors` takes it. */
  add(executor: JsonObject): Promise<ShownExecutor>;
  /** As `PATCH /v1/executors/{executor_name}` takes it. */
  change(name: string, patch: JsonObject): Promise<ShownExecutor>;
  remove(name: string): Promise<void>;
}
