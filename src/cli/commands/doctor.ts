import { existsSync } from 'node:fs';
import { access, constants, open, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { messageOf } from '../../engine/errors.ts';
import type { CommandContext } from '../context.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { bytes } from '../figures.ts';
import { examples } from '../help-texts.ts';
import type { Workspace } from '../host.ts';
import { visible } from '../visible-text.ts';

interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly detail: string;
}

const LEAST_NODE = [20, 19] as const;
const SMALL_DISK_BYTES = 1024 ** 3;
const FSYNC_TRIES = 10;
/** A checkpoint comes once a second and syncs three files. */
const SLOW_FSYNC_MS = 50;

/** `doctor`: tries what a run needs, and says what is wrong. */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('doctor')
    .description('Try all that a run needs on this machine')
    .option('--json', 'print the findings as JSON');
  examples(command, 'rowmill doctor', 'rowmill doctor --tasks ./tasks');
  command.action(async ({ json }: { json?: boolean }) => {
    const { screen, host } = context;
    const findings: Finding[] = [nodeVersion()];
    let workspace: Workspace | undefined;
    try {
      workspace = await context.open(command, 'here');
      findings.push(
        ok('config', workspace.configFile ?? 'no config file: defaults, flags and ROWMILL_*'),
      );
    } catch (error) {
      findings.push(failed('config', messageOf(error)));
    }
    for (const { name, try: attempt, isOptional = false } of host.probes) {
      try {
        const detail = await attempt(workspace?.settings);
        if (detail !== undefined) findings.push(ok(name, detail));
      } catch (error) {
        const finding = failed(name, messageOf(error));
        findings.push(isOptional ? { ...finding, state: 'warning' } : finding);
      }
    }
    if (workspace !== undefined) {
      findings.push(
        ...(await dataFolder(workspace.settings.dataDir)),
        ...(await taskModules(workspace)),
        ...(await fileRoots(workspace.settings.fileRoots)),
      );
    }
    findings.push(ok('terminal', terminalText(context)));
    if (json === true) screen.json(findings);
    else for (const finding of findings) screen.out(findingLine(finding, context));
    if (findings.some(({ state }) => state === 'failed'))
      context.exitCode = EXIT_CODES.internal.code;
  });
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  const isNewEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  const detail = `${process.version} on ${process.platform} ${process.arch}`;
  return isNewEnough
    ? ok('node', detail)
    : failed('node', `${detail}; needed: ${LEAST_NODE.join('.')} or newer`);
}

async function dataFolder(folder: string): Promise<Finding[]> {
  // Looking must not leave a folder behind that was not there: the nearest one that is there is tried.
  const there = nearestFolder(folder);
  const probe = join(there, `.rowmill-doctor-${process.pid}`);
  try {
    try {
      const syncMs = await fsyncMs(probe);
      const { bavail, bsize } = await statfs(there);
      const free = bavail * bsize;
      const space = `${bytes(free)} free`;
      const speed = `${syncMs.toFixed(1)} ms for an fsync`;
      return [
        ok('data folder', `${folder} can be written`),
        free < SMALL_DISK_BYTES ? { ...ok('disk', space), state: 'warning' } : ok('disk', space),
        syncMs > SLOW_FSYNC_MS
          ? { name: 'fsync', state: 'warning', detail: `${speed}: checkpoints will slow runs down` }
          : ok('fsync', speed),
      ];
    } finally {
      await rm(probe, { force: true });
    }
  } catch (error) {
    return [failed('data folder', `${folder}: ${messageOf(error)}`)];
  }
}

function nearestFolder(folder: string): string {
  const parent = dirname(folder);
  return existsSync(folder) || parent === folder ? folder : nearestFolder(parent);
}

async function fsyncMs(path: string): Promise<number> {
  const file = await open(path, 'w');
  try {
    const begun = performance.now();
    for (let tried = 0; tried < FSYNC_TRIES; tried += 1) {
      await file.write('x');
      await file.sync();
    }
    return (performance.now() - begun) / FSYNC_TRIES;
  } finally {
    await file.close();
  }
}

/** Folders that files may be waited for in; one for each account is not there before the account is. */
async function fileRoots(roots: readonly string[]): Promise<Finding[]> {
  return Promise.all(
    roots.map(async (root) => {
      const folder = root.split('{account}')[0] ?? root;
      try {
        await access(folder, constants.R_OK | constants.W_OK);
        return ok('file root', `${root} can be read and written`);
      } catch (error) {
        return { ...ok('file root', `${root}: ${messageOf(error)}`), state: 'warning' as const };
      }
    }),
  );
}

async function taskModules({ tasks }: Workspace): Promise<Finding[]> {
  try {
    const found = await tasks.list();
    const broken = tasks.problems.map(({ file, message }) =>
      failed('task module', `${file}: ${message}`),
    );
    return [ok('tasks', found.map(({ task }) => task.name).join(', ') || 'none'), ...broken];
  } catch (error) {
    return [failed('tasks', messageOf(error))];
  }
}

function terminalText({ screen }: CommandContext): string {
  const side = (isTerminal: boolean, hasColors: boolean): string =>
    `${isTerminal ? 'a terminal' : 'no terminal'}, ${hasColors ? 'colours' : 'no colours'}`;
  const out = side(screen.stdoutIsTerminal, screen.stdoutHasColors);
  const err = side(screen.stderrIsTerminal, screen.stderrHasColors);
  const width = screen.stdoutIsTerminal ? `, ${screen.stdoutWidth} columns` : '';
  return `stdout: ${out}${width}; stderr: ${err}`;
}

function findingLine({ name, state, detail }: Finding, { screen }: CommandContext): string {
  const { green, yellow, red } = screen.outColors;
  const marks = { ok: green('ok     '), warning: yellow('warning'), failed: red('failed ') };
  return `${marks[state]}  ${name.padEnd(12)} ${visible(detail)}`;
}

function ok(name: string, detail: string): Finding {
  return { name, state: 'ok', detail };
}

function failed(name: string, detail: string): Finding {
  return { name, state: 'failed', detail };
}
