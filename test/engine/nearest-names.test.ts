import { describe, expect, it } from 'vitest';
import { didYouMean, nearestNames } from '../../src/engine/nearest-names.ts';

const TASKS = ['contacts/clean', 'contacts/dedupe', 'http/request', 'table/upsert'];

describe('nearestNames', () => {
  it.each([
    ['contacts/claen', ['contacts/clean']],
    ['Contacts/Clean', ['contacts/clean']],
    ['contacts', ['contacts/clean', 'contacts/dedupe']],
    ['upsert', ['table/upsert']],
    ['something-else', []],
  ])('finds for %j %j', (written, expected) => {
    expect(nearestNames(written, TASKS)).toEqual(expected);
  });

  it('gives at most three', () => {
    expect(nearestNames('run', ['run1', 'run2', 'run3', 'run4'])).toEqual(['run1', 'run2', 'run3']);
  });
});

describe('didYouMean', () => {
  it('asks for one, for several, and says nothing when nothing is near', () => {
    expect(didYouMean('http/requst', TASKS)).toBe(' Did you mean http/request?');
    expect(didYouMean('contacts', TASKS)).toBe(' Did you mean contacts/clean or contacts/dedupe?');
    expect(didYouMean('xyz', TASKS)).toBe('');
  });
});
