import type { ExecutorDesk, ShownExecutor } from '../../src/engine/script/executor-desk.ts';

const EXECUTOR: ShownExecutor = {
  name: 'big',
  kind: 'process',
  runtimeVersion: '$STABLE',
  memoryMb: 512,
  timeoutSeconds: 600,
  hasNetwork: false,
  json: { name: 'big', memory_limit_mb: 512 },
};

/** Executors of a server that is not there. */
export function fakeExecutors(): ExecutorDesk {
  return {
    list: async () => [EXECUTOR],
    show: async () => EXECUTOR,
    add: async () => EXECUTOR,
    change: async () => EXECUTOR,
    remove: async () => undefined,
  };
}
