import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowmillError } from '../../../src/engine/errors.ts';
import { carriedSecrets } from '../../../src/engine/run/secrets/carried-secrets.ts';
import { redactOutcome } from '../../../src/engine/run/secrets/redact-outcome.ts';
import { redactedLog, RunSecrets } from '../../../src/engine/run/secrets/run-secrets.ts';
import { isOutcome, type ReadableOutcome } from '../../../src/engine/task/outcome.ts';
import { holdsSecret, secretName, secretsAskedFor } from '../../../src/engine/task/secret-names.ts';
import { fail, ok, retry, stop, write, writeAll } from '../../../src/index.ts';

/** Secrets that are their own names. */
function given(...values: readonly string[]): RunSecrets {
  const secrets = new RunSecrets({ get: (name) => name });
  for (const value of values) secrets.get(value);
  return secrets;
}

describe('the secrets of a run', () => {
  it('are taken out of any text, wherever they stand and however they are encoded', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (value, before, after) => {
        fc.pre(/^[^*]+$/.test(value));
        const secrets = given(value);
        for (const form of [
          value,
          encodeURIComponent(value),
          JSON.stringify(value).slice(1, -1),
          Buffer.from(value).toString('base64'),
        ]) {
          expect(secrets.redact(`${before}${form}${after}`)).not.toContain(form);
        }
      }),
    );
  });

  it('leave nothing of a longer one that begins with a shorter one', () => {
    expect(given('hunter22', 'hunter22-and-more').redact('a hunter22-and-more b')).toBe('a *** b');
  });

  it('that are JSON are taken out in each of their parts', () => {
    const secrets = given('{"user": "anna", "deep": [{"key": "ünder-1"}, 7261893], "on": true}');
    expect(secrets.redact('anna, 7261893, true, \\u00fcnder-1, ünder-1')).toBe(
      '***, ***, true, ***, ***',
    );
    expect(secrets.redactIn([7261893, 726, { a: 'anna' }])).toEqual(['***', 726, { a: '***' }]);
    expect(given('{no JSON at all').redact('a {no JSON at all b')).toBe('a *** b');
  });

  it('that were not given yet, or are short, change nothing', () => {
    const secrets = given('short');
    expect(secrets.isIdle).toBe(true);
    expect(secrets.redact('short')).toBe('short');
  });

  it('are taken out of every kind of outcome, which stays what it was', () => {
    const secrets = given('a-secret-value');
    const said = 'it is a-secret-value';
    const outcomes = [
      fail({ message: said, column: 'c', value: said }),
      fail(said, { count: 1 }),
      write({ a: said, b: 7 }, { count: 1 }),
      writeAll([{ a: said }, { a: null }]),
      retry(said, 5),
      stop(write({ a: said })),
      ok({ count: 1 }),
    ];
    for (const outcome of outcomes) {
      const clean = redactOutcome(outcome as ReadableOutcome, secrets); // made by the author's functions
      expect(isOutcome(clean)).toBe(true);
      expect(clean.kind).toBe(outcome.kind);
      expect([clean.next, clean.hasNext]).toEqual([outcome.next, outcome.hasNext]);
      expect(JSON.stringify(clean)).not.toContain('a-secret-value');
      expect(JSON.stringify(clean)).toBe(
        JSON.stringify(outcome).replaceAll('a-secret-value', '***'),
      );
    }
  });

  it('are taken out of errors, which keep their code and their problems', () => {
    const secrets = given('a-secret-value');
    const error = new RowmillError('arguments_invalid', 'no a-secret-value', {
      problems: ['the a-secret-value'],
      cause: new Error('a-secret-value'),
    });
    expect(secrets.redactError(error)).toMatchObject({
      code: 'arguments_invalid',
      message: 'no ***',
      problems: ['the ***'],
    });
    expect((secrets.redactError(error) as Error).cause).toBeUndefined();
    const clean = new Error('nothing in it');
    expect(secrets.redactError(clean)).toBe(clean);
    const other = secrets.redactError(new Error('a-secret-value')) as Error;
    expect(`${other.message} ${other.stack}`).not.toContain('a-secret-value');
  });

  it('are taken out of the fields of a log, however deep', () => {
    const lines: unknown[] = [];
    const line = (...words: unknown[]): void => void lines.push(words);
    const log = redactedLog(
      { debug: line, info: line, warn: line, error: line },
      given('a-secret-value'),
    );
    log.info('a-secret-value', {
      deep: [{ at: 'x a-secret-value' }],
      error: new Error('a-secret-value'),
    });
    expect(lines).toEqual([['***', { deep: [{ at: 'x ***' }], error: 'Error: ***' }]]);
  });

  it('are given to a thread by their names, and each first use is told', () => {
    const used: string[] = [];
    const secrets = carriedSecrets({ API_KEY: 'a value' }, (name) => used.push(name));
    expect([secrets.get('api-key'), secrets.get('API_KEY')]).toEqual(['a value', 'a value']);
    expect(used).toEqual(['API_KEY']);
    for (const name of ['other', 'constructor', '__proto__']) {
      expect(() => secrets.get(name)).toThrow(`there is no secret "${name}"`);
    }
  });
});

describe('the names of secrets', () => {
  it('are the same in any way of writing them', () => {
    expect(['api-key', 'api_key', 'API_KEY', 'Api Key'].map(secretName)).toEqual(
      Array.from({ length: 4 }, () => 'API_KEY'),
    );
    expect(secretsAskedFor('{{secret:a}} {{ secret: b-c }} {{d}}')).toEqual(['A', 'B_C']);
  });

  it.each([
    ['api_key', 'x', 'by_name'],
    ['userPassword', 'x', 'by_name'],
    ['api_key', '{{secret:A}}', undefined],
    ['token_count', '7', undefined],
    ['url', 'https://a:b@example.com', 'in_address'],
    ['url', 'https://a:{{secret:B}}@example.com', undefined],
    ['url', 'https://example.com', undefined],
  ])('an argument %s of %s holds one: %s', (name, value, held) => {
    expect(holdsSecret(name, value)).toBe(held);
  });
});
