import { deserialize, serialize } from 'node:v8';
import type { StateCodec } from '../engine/ports/state-codec.ts';

/** Values looked at for class instances in one encoding, at most: the first ones tell. */
const MAX_INSPECTED = 10_000;

const PLAIN = new Set<unknown>([
  Object.prototype,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  Date.prototype,
  RegExp.prototype,
  ArrayBuffer.prototype,
  null,
]);

/**
 * Carried state by the structured clone of V8, which keeps Map, Set, Date and BigInt. It would strip a
 * class instance of its class in silence, so those are refused with the path to them.
 */
export const v8StateCodec: StateCodec = {
  encode(state) {
    refuseInstances(state);
    return serialize(state);
  },
  decode: (bytes) => deserialize(bytes) as unknown,
};

function refuseInstances(state: unknown): void {
  const queue: { readonly value: unknown; readonly path: string }[] = [
    { value: state, path: 'state' },
  ];
  const seen = new Set<object>();
  for (let index = 0; index < queue.length && index < MAX_INSPECTED; index += 1) {
    const { value, path } = queue[index] as (typeof queue)[number]; // index is below the length
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new TypeError(`${path} is a ${typeof value}`);
    }
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (ArrayBuffer.isView(value)) continue;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (!PLAIN.has(prototype)) {
      const name = value.constructor?.name ?? 'unknown';
      throw new TypeError(
        `${path} is an instance of the class ${name}, which would lose its class`,
      );
    }
    if (queue.length < MAX_INSPECTED) queue.push(...childrenOf(value, path));
  }
}

function* childrenOf(value: object, path: string): Generator<{ value: unknown; path: string }> {
  let index = 0;
  if (value instanceof Map) {
    for (const [key, item] of value) {
      yield { value: key, path: `${path} key ${index}` };
      yield { value: item, path: `${path}.get(${JSON.stringify(key) ?? String(key)})` };
      if ((index += 1) >= MAX_INSPECTED) return;
    }
  } else if (value instanceof Set) {
    for (const item of value) {
      yield { value: item, path: `${path} item ${index}` };
      if ((index += 1) >= MAX_INSPECTED) return;
    }
  } else {
    const isList = Array.isArray(value);
    for (const key of Object.keys(value)) {
      const item: unknown = Reflect.get(value, key);
      yield { value: item, path: isList ? `${path}[${key}]` : `${path}.${key}` };
      if ((index += 1) >= MAX_INSPECTED) return;
    }
  }
}
