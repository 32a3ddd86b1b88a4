import { applyPatch } from 'diff';
import { describe, expect, it } from 'vitest';
import { diffTexts } from '../../../src/engine/jobs/diff-texts.ts';

const of = (label: string, texts: Readonly<Record<string, string>>) => ({
  label,
  texts: new Map(Object.entries(texts)),
});

describe('a diff of texts', () => {
  it('shows what was changed, what has come and what has gone, each under its name', () => {
    const diff = diffTexts(
      of('version 1', { 'a.py': 'one\ntwo\n', 'gone.py': 'x\n', same: 's\n' }),
      of('version 2', { 'a.py': 'one\n2\n', 'new.py': 'y\n', same: 's\n' }),
    );
    expect(diff).toBe(`--- a.py\tversion 1
+++ a.py\tversion 2
@@ -1,2 +1,2 @@
 one
-two
+2
--- gone.py\tversion 1
+++ /dev/null\tversion 2
@@ -1,1 +0,0 @@
-x
--- /dev/null\tversion 1
+++ new.py\tversion 2
@@ -0,0 +1,1 @@
+y
`);
  });

  it('of texts with little in common is whole, and still makes one of the other', () => {
    const lines = (word: string): string =>
      Array.from({ length: 6_000 }, (_, index) => `${word} ${index}\n`).join('');
    const diff = diffTexts(of('a', { text: lines('x') }), of('b', { text: lines('y') }));
    expect(diff.split('\n')[2]).toBe('@@ -1,6000 +1,6000 @@');
    expect(applyPatch(lines('x'), diff)).toBe(lines('y'));
  });

  it('is empty where nothing differs', () => {
    expect(diffTexts(of('a', { text: 'x' }), of('b', { text: 'x' }))).toBe('');
  });
});
