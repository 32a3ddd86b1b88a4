import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_FOLDER, dataFile } from '../data.mjs';
import { isPresent, measure, medians } from '../lib/measure.mjs';
import { clear, OK_CODES, rowmill } from '../lib/rowmill.mjs';
import { figure, markdown, shown } from '../lib/table.mjs';

const OUTPUT = join(DATA_FOLDER, 'out.csv');
const SYNC_MS = 10;

/** Every fsync and fdatasync of the process takes 10 ms longer, whoever calls it. */
const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static int slow(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  usleep(${SYNC_MS * 1_000});
  return real(fd);
}
int fsync(int fd) { return slow("fsync", fd); }
int fdatasync(int fd) { return slow("fdatasync", fd); }
`;

export async function slowSync({ quick, rounds = quick ? 2 : 5 }) {
  if (process.platform !== 'linux' || !(await isPresent('cc', '--version'))) {
    return '## A slow file system\n\nNot measured: it needs Linux and a C compiler.';
  }
  mkdirSync(DATA_FOLDER, { recursive: true });
  const [source, library] = ['slow-sync.c', 'slow-sync.so'].map((name) => join(DATA_FOLDER, name));
  writeFileSync(source, SHIM);
  await measure(['cc', '-shared', '-fPIC', '-O2', '-o', library, source, '-ldl']);
  const input = await dataFile(quick ? 100_000 : 1_000_000);
  const command = rowmill('run', 'verify', 'bench/verify', input, '-o', OUTPUT);
  const measured = { usual: [], slow: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, list] of Object.entries(measured)) {
      clear(OUTPUT);
      const environment = name === 'slow' ? { LD_PRELOAD: library } : {};
      list.push(await measure(command, { okCodes: OK_CODES, environment }));
    }
  }
  clear(OUTPUT);
  const [usual, slow] = [medians(measured.usual), medians(measured.slow)];
  return `## A file system that takes ${SYNC_MS} ms to sync

${markdown(
  ['file system', 'seconds', 'more'],
  [
    ['as it is', figure(usual.seconds), '–'],
    [
      `${SYNC_MS} ms for each sync`,
      figure(slow.seconds),
      `${figure((slow.seconds / usual.seconds - 1) * 100)} %`,
    ],
  ],
)}

\`${shown(command)}\`, with fsync and fdatasync slowed by a preloaded library`;
}
