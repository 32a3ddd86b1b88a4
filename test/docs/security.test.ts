import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { SCOPES } from '../../src/engine/ports/key-store.ts';
import { tryPage } from './tried-page.ts';

tryPage({ page: 'docs/security.md', variables: ['ann'], hasSamples: true });

it('names each scope', () => {
  const page = readFileSync(
    join(resolve(import.meta.dirname, '../..'), 'docs/security.md'),
    'utf8',
  );
  const line = /^- \*\*Scopes\*\*: (.*)$/m.exec(page)?.[1] ?? '';
  expect([...line.matchAll(/`([a-z:]+)`/g)].map(([, scope]) => scope)).toEqual([...SCOPES]);
});
