import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

function blocks(language: string): string[] {
  return [...README.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text ?? '');
}

const CLEAN = 'npx rowmill run contacts/clean';

/** Exit codes of lines that are an answer, not an accident. All others end with 0. */
const ANSWERS: Readonly<Record<string, number>> = {
  // Some rows of the sample fail on purpose.
  [`${CLEAN} samples/contacts.csv -o out.csv --failed failed.csv`]: 4,
  [`${CLEAN} samples/contacts.csv -o out.csv --resume`]: 4,
  'npx rowmill check contacts/clean samples/contacts.csv': 4,
  'npx rowmill run orders/price orders-price.csv --tasks orders-price.ts -o priced.csv': 4,
  // Nobody fixed them here.
  'npx rowmill runs retry RUN failed.csv': 5,
};

/** Id of the last run with this output. */
function runOf(folder: string, output: string): string {
  const words = ['dist/main.js', 'runs', 'list', '--json'];
  const { stdout } = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
  const runs = JSON.parse(stdout) as { run_id: string; output: string }[]; // what runs list prints
  return runs.find((run) => run.output.endsWith(`/${output}`))?.run_id ?? 'none';
}

describe('the README', () => {
  let folder = '';

  beforeAll(() => {
    // A folder like the repository's, in which commands may leave what they write.
    folder = mkdtempSync(join(tmpdir(), 'rowmill-readme-'));
    cpSync(join(ROOT, 'samples'), join(folder, 'samples'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
    for (const name of ['dist', 'node_modules']) symlinkSync(join(ROOT, name), join(folder, name));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('opens with the two commands', () => {
    const [first] = blocks('sh');
    expect(first).toBe('npm ci && npm start\nnpm ci && npm test\n');
    expect(README.split('\n').slice(0, 6).join('\n')).toBe(`# Rowmill\n\n\`\`\`sh\n${first}\`\`\``);
  });

  it('shows shell lines that work as they are written, in their order', () => {
    const lines = blocks('sh')
      .slice(1)
      .flatMap((block) => block.trim().split('\n'))
      // It does not end by itself; docs/http-guide.md is tried against one.
      .filter((line) => !line.startsWith('npx rowmill serve'));
    expect(lines.length).toBeGreaterThan(6);
    for (const line of lines) {
      const command = line
        .replaceAll('npx rowmill', 'node dist/main.js')
        // The run that these lines are about, as a reader would put it in.
        .replace(' RUN ', () => ` ${runOf(folder, 'out.csv')} `)
        .replace(/ RUN$/, () => ` ${runOf(folder, 'out.csv')}`);
      const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], {
        cwd: folder,
        encoding: 'utf8',
      });
      const isPiped = line.includes('|');
      // Whether `head` is gone before the last row is written is a matter of chance.
      const expected = isPiped ? [4, 141] : [ANSWERS[line] ?? 0];
      expect(expected, `${line}\n${stderr}`).toContain(status);
      if (isPiped) expect(stdout, stderr).toMatch(/^\uFEFF?E-Mail;[^\r\n]*;error\r?\n/);
    }
    for (const line of Object.keys(ANSWERS)) expect(lines).toContain(line);
  });

  it('shows a task that runs', () => {
    const task = blocks('ts').find((block) => block.includes('defineTask'));
    writeFileSync(join(folder, 'readme-task.ts'), task ?? '');
    const { status, stdout, stderr } = spawnSync(
      'node',
      ['dist/main.js', 'run', 'orders/price', '-', '-o', '-', '--tasks', 'readme-task.ts'],
      { cwd: folder, encoding: 'utf8', input: 'email,amount\na@x.example,10\nb@x.example,-1\n' },
    );
    expect(stdout, stderr).toBe(
      'email,amount,total,error\na@x.example,10,12.00,\nb@x.example,-1,,the amount is below zero\n',
    );
    expect(status).toBe(4);
  });

  it('shows a reader that reads', () => {
    const code = blocks('ts').find((block) => block.includes('openCsv')) ?? '';
    writeFileSync(join(folder, 'readme-reader.mjs'), code);
    const { stdout, stderr } = spawnSync('node', ['readme-reader.mjs'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout, stderr).toContain('; utf-8 [');
    expect(stdout).toMatch(/^2 \d+ anna\.schmidt@example\.de$/m);
  });

  it('has no place that is still to be filled', () => {
    expect(README).not.toMatch(/\b[A-Z]{3,}-[A-Z]{3,}\b|TODO|FIXME/);
  });

  it('names documents that exist', () => {
    for (const [, path] of README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      expect(() => readFileSync(join(ROOT, path ?? ''))).not.toThrow();
    }
  });
});
