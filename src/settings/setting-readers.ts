import { delimiter as pathListSeparator, resolve } from 'node:path';
import type { SettingSpec } from './setting-spec.ts';

export const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
]);

export function oneOf(...words: readonly string[]): Pick<SettingSpec, 'read' | 'allowed'> {
  return {
    read: (written) => words.find((word) => word === written),
    allowed: `one of ${words.join(', ')}`,
  };
}

export function readPaths(written: unknown, folder: string): readonly string[] | undefined {
  const paths = typeof written === 'string' ? written.split(pathListSeparator) : written;
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) return undefined;
  return paths.filter((path) => path !== '').map((path) => resolve(folder, path));
}

/** Words with commas between, or a list of them. */
export function words(pattern: RegExp): Pick<SettingSpec, 'read'> {
  return {
    read: (written) => {
      const given = typeof written === 'string' ? written.split(/[\s,]+/) : written;
      if (!Array.isArray(given) || !given.every((word) => typeof word === 'string'))
        return undefined;
      const named = given.filter((word) => word !== '');
      return named.every((word) => pattern.test(word)) ? named : undefined;
    },
  };
}

export function numberOf(
  written: unknown,
  isAllowed: (value: number) => boolean,
): number | undefined {
  const value = typeof written === 'string' && written.trim() !== '' ? Number(written) : written;
  return typeof value === 'number' && Number.isFinite(value) && isAllowed(value)
    ? value
    : undefined;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** `1000`, `500MB`, `16 GiB`. */
export function readSize(written: unknown): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(written)) ?? [];
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined;
  const bytes = number === '' || factor === undefined ? 0 : Math.floor(Number(number) * factor);
  return bytes >= 1 ? bytes : undefined;
}

/** What is read as a whole, and says by itself what is wrong with it. */
export function valueOrProblem(
  readAll: (written: unknown) => { readonly value: unknown } | { readonly problem: string },
): Required<Pick<SettingSpec, 'read' | 'problem'>> {
  return {
    read(written) {
      const read = readAll(written);
      return 'value' in read ? read.value : undefined;
    },
    problem(written) {
      const read = readAll(written);
      return 'problem' in read ? read.problem : undefined;
    },
  };
}

/** An address with one of these schemes. Its password is never shown. */
export function url(
  ...schemes: readonly string[]
): Pick<SettingSpec, 'read' | 'allowed' | 'shown'> {
  return {
    read: (written) => {
      if (typeof written !== 'string' || !URL.canParse(written)) return undefined;
      return schemes.includes(new URL(written).protocol.slice(0, -1)) ? written : undefined;
    },
    allowed: `an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    shown: (value) => value.replace(/^([^:]+:\/\/[^/:@]*):.*@/, '$1:***@'),
  };
}

export function readFolder(written: unknown, folder: string): string | undefined {
  return typeof written === 'string' && written !== '' ? resolve(folder, written) : undefined;
}

export const DAYS: Pick<SettingSpec, 'read' | 'allowed'> = {
  read: (written) => numberOf(written, (value) => value >= 0),
  allowed: 'a number of days, 0 or more',
};
