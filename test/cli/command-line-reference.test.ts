import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandContext } from '../../src/cli/context.ts';
import { examplesOf } from '../../src/cli/help-texts.ts';
import type { CommandLineHost } from '../../src/cli/host.ts';
import { createProgram } from '../../src/cli/program.ts';
import { Screen } from '../../src/cli/screen.ts';
import { loadSettings } from '../../src/settings.ts';
import {
  commandsReference,
  exitCodesReference,
  fullName,
  leaves,
  settingsReference,
} from './command-line-reference.ts';
import { clean, FakeCommandLine, FakeStream } from './fake-command-line.ts';

const PAGE = fileURLToPath(new URL('../../docs/command-line.md', import.meta.url));

// Nothing is run: the definition is only looked at.
const streams = { stdout: new FakeStream(false), stderr: new FakeStream(false) };
const screen = new Screen(streams, {}, 'never');
const program = await createProgram(
  new CommandContext({ version: '0' } as CommandLineHost, screen, []),
);

describe('docs/command-line.md', () => {
  it('says what the code says (UPDATE_DOCS=1 rewrites it)', async () => {
    const { explained } = await loadSettings({
      flags: {},
      environment: {},
      workingDirectory: '/',
      loadModule: async () => ({}),
    });
    const blocks = {
      commands: commandsReference(program),
      'exit codes': exitCodesReference(),
      settings: settingsReference(explained),
    };
    const page = await readFile(PAGE, 'utf8');
    let expected = page;
    for (const [name, block] of Object.entries(blocks)) {
      const place = new RegExp(`(<!-- generated: ${name} -->\n)[^]*?(<!-- end -->)`);
      expect(page).toMatch(place);
      expected = expected.replace(
        place,
        (_, head: string, end: string) => `${head}${block}\n${end}`,
      );
    }
    if (process.env['UPDATE_DOCS']) await writeFile(PAGE, expected);
    else expect(page).toBe(expected);
  });
});

describe('every command', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rowmill-examples-'));
    await mkdir(join(folder, 'lib'));
    for (const name of ['count.py', 'main.ts', 'lib/names.ts', 'event.json', 'signal.json']) {
      await writeFile(join(folder, name), '{}');
    }
    await writeFile(join(folder, 'filter.json'), '{}');
    await writeFile(join(folder, 'patients.csv'), 'name\nAlice\n');
    await writeFile(join(folder, 'services.json'), '[]');
    await writeFile(
      join(folder, 'external_services_daemon.php'),
      "<?php $GLOBALS['EXTERNAL_BACKGROUND_SERVICES'] = '[]';",
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const commands = [program, ...leaves(program), ...program.commands].map(
    (command) => [fullName(command), command] as const,
  );
  const lines = new Set(commands.flatMap(([, command]) => examplesOf(command)));

  it.each(commands)('%s has a description and examples', (_, command) => {
    expect(command.description()).toMatch(/^[A-Z].*[^.]$/);
    expect(examplesOf(command).length).toBeGreaterThan(0);
  });

  it.each([...lines].filter((line) => !line.startsWith('echo')))(
    'does what its example says: %s',
    async (line) => {
      const call = line.slice(line.indexOf('rowmill ') + 'rowmill '.length);
      const words = call
        .replace(/ [|>].*$/, '')
        .replaceAll('RUN', 'run1')
        .split(' ');
      const priced = { task: { ...clean, name: 'orders/price' }, codeHash: '', origin: 'x' };
      const extraTasks = words[0] === 'new-task' ? [] : [priced];
      const commandLine = new FakeCommandLine({
        workingDirectory: folder,
        extraTasks,
        environment: { API_KEY: 'a key' },
      });
      const exitCode = await commandLine.run(...words);
      // A check finds an invalid row in the fake world.
      expect([exitCode, commandLine.stderr.text]).toEqual([
        words[0] === 'check' ? 4 : 0,
        expect.not.stringMatching(/^error/m),
      ]);
    },
  );
});
