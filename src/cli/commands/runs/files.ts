import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { bytes } from '../../figures.ts';
import { RUN_FILE_NAMES } from '../../host.ts';
import { shownPath } from '../../next-commands.ts';
import { textTable } from '../../text-table.ts';
import { visible } from '../../visible-text.ts';
import { addOfRunCommand, type RunAct } from './of-run.ts';

/** `runs files`. */
export function addRunsFilesCommand(runs: Command, context: CommandContext): void {
  addOfRunCommand(runs, context, {
    name: 'files',
    description: 'Where the files of a run are',
    act: printFiles,
  });
}

const printFiles: RunAct = async (run, _service, { context, isJson, isRemote }) => {
  const { screen, host } = context;
  if (isRemote) {
    const urls = RUN_FILE_NAMES.map((name) => `${run.folder}/files/${name}.csv`);
    if (isJson) screen.json(urls.map((url) => ({ url })));
    else for (const url of urls) screen.out(visible(url));
    return;
  }
  const paths = new Map<string, string>();
  for (const name of await readdir(run.folder).catch(() => []))
    paths.set(join(run.folder, name), '');
  if (run.inputPath !== undefined) paths.set(run.inputPath, 'input');
  if (run.outputPath !== undefined) paths.set(run.outputPath, 'output');
  const files = await Promise.all(
    [...paths].map(async ([path, role]) => {
      const size = await stat(path).then(
        (found) => found.size,
        () => undefined,
      );
      return { path, role, size };
    }),
  );
  if (isJson) {
    screen.json(
      files.map(({ path, role, size }) => ({ path, role: role || null, bytes: size ?? null })),
    );
    return;
  }
  const columns = [
    { title: 'FILE', canShrink: true },
    { title: 'SIZE', align: 'right' },
    { title: '' },
  ] as const;
  const rows = files.map(({ path, role, size }) => [
    shownPath(path, host.workingDirectory),
    size === undefined ? 'gone' : bytes(size),
    role,
  ]);
  for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
};
