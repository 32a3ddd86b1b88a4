import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_FOLDER } from '../data.mjs';

const GNU_TIME = '/usr/bin/time';
const NOTE = join(DATA_FOLDER, 'time.txt');

/**
 * @typedef {object} Measured
 * @property {number} seconds wall time of the whole process
 * @property {number | undefined} cpuSeconds user and system time; undefined where GNU time is missing
 * @property {number | undefined} peakMb largest resident memory, in MiB
 */

/**
 * Runs a program to its end and measures it from outside. Throws when it ends with another code than
 * `okCodes` lists.
 * @returns {Promise<Measured>}
 */
export async function measure(command, { output, okCodes = [0], environment = {} } = {}) {
  const hasTime = existsSync(GNU_TIME);
  const words = hasTime ? [GNU_TIME, '-f', '%U %S %M', '-o', NOTE, ...command] : command;
  const stdout = output === undefined ? undefined : openSync(output, 'w');
  const startedAt = performance.now();
  const { code, stderr } = await ended(words, { stdout, environment });
  const seconds = (performance.now() - startedAt) / 1_000;
  if (stdout !== undefined) closeSync(stdout);
  if (!okCodes.includes(code)) {
    throw new Error(`${command.join(' ')} ended with ${code}:\n${stderr.slice(-2_000)}`);
  }
  if (!hasTime) return { seconds, cpuSeconds: undefined, peakMb: undefined };
  // A code other than 0 puts a line above the figures.
  const [user, system, kb] = readFileSync(NOTE, 'utf8').trim().split('\n').at(-1).split(' ');
  rmSync(NOTE);
  return { seconds, cpuSeconds: Number(user) + Number(system), peakMb: Number(kb) / 1_024 };
}

function ended([file, ...words], { stdout, environment }) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, {
      stdio: ['ignore', stdout ?? 'ignore', 'pipe'],
      env: { ...process.env, ...environment },
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? signal, stderr }));
  });
}

/** Whether a program can be started. */
export async function isPresent(...command) {
  try {
    return (await ended(command, {})).code === 0;
  } catch {
    return false;
  }
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Medians of the three figures of a list of measurements. */
export function medians(measured) {
  const of = (name) => {
    const values = measured.map((one) => one[name]);
    return values.includes(undefined) ? undefined : median(values);
  };
  return { seconds: of('seconds'), cpuSeconds: of('cpuSeconds'), peakMb: of('peakMb') };
}
