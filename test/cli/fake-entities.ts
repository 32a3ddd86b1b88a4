import type { EntityDesk, ShownEntity } from '../../src/engine/handlers/entity-desk.ts';

const ENTITY: ShownEntity = {
  uid: 'run_abc',
  label: 'a signal',
  status: 'completed',
  message: 'the signal is there',
  json: { uid: 'run_abc', status: 'completed' },
};

/** One entity that is completed, whatever is asked. Keeps what it was told to start. */
export function fakeEntities(told: unknown[]): EntityDesk {
  return {
    handlers: async () => ({
      handlers: [
        {
          supportedTypes: ['dmss://a/B'],
          description: 'Generate a signal',
          origin: 'signals.ts',
          language: 'typescript',
          json: { supported_types: ['dmss://a/B'] },
        },
      ],
      problems: [{ file: 'broken.ts', message: 'it is broken' }],
    }),
    async start(entity) {
      told.push(entity);
      return ENTITY;
    },
    status: async () => ENTITY,
    stop: async () => ({ ...ENTITY, status: 'removed', message: '' }),
    result: async () => ({ message: 'a signal', content: new TextEncoder().encode('[1,2]') }),
  };
}
