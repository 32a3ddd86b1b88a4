import type { KazooTaskWire } from './task-wire.ts';

type Test = (task: Readonly<Record<string, unknown>>) => boolean;

const TESTS: Readonly<Record<string, (field: string) => Test>> = {
  has_key: (field) => (task) => Object.hasOwn(task, field),
  key_missing: (field) => (task) => !Object.hasOwn(task, field),
  has_value: (field) => (task) => hasValue(task, field),
  missing_value: (field) => (task) => !hasValue(task, field),
};

/**
 * Kazoo's filters of lists: `filter_status=success`, `filter_not_category=…`, `has_value=file_name`,
 * `key_missing=end_timestamp`. All that are given must fit.
 */
export function taskFilter(
  query: Readonly<Record<string, unknown>>,
): (task: KazooTaskWire) => boolean {
  const tests = Object.entries(query).flatMap(([name, given]) =>
    (Array.isArray(given) ? given : [given]).map((value) => testOf(name, String(value))),
  );
  return (task) => tests.every((test) => test?.(task) ?? true);
}

function testOf(name: string, value: string): Test | undefined {
  if (Object.hasOwn(TESTS, name)) return TESTS[name]?.(value);
  const match = /^filter_(not_)?(\w+)$/.exec(name);
  const [, not, field] = match ?? [];
  if (field === undefined) return undefined;
  return (task) => (textOf(task, field) === value) === (not === undefined);
}

function textOf(task: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = Object.hasOwn(task, field) ? task[field] : undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function hasValue(task: Readonly<Record<string, unknown>>, field: string): boolean {
  const value = Object.hasOwn(task, field) ? task[field] : undefined;
  return value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
}
