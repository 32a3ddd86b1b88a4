const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `67,204`. By hand: the first `toLocaleString` of a process loads ICU, 10 ms. */
export function count(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 row`, `2 rows`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `14ms`, `1.4s`, `12s`, `3m`, `2h 05m`, `4d 03h`: two figures are as much as anyone reads. */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)}ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)}s`;
  if (ms < MINUTE) return `${Math.round(ms / SECOND)}s`;
  if (ms < 10 * MINUTE) return `${Math.floor(ms / MINUTE)}m ${twoDigits((ms % MINUTE) / SECOND)}s`;
  if (ms < HOUR) return `${Math.round(ms / MINUTE)}m`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h ${twoDigits((ms % HOUR) / MINUTE)}m`;
  return `${Math.floor(ms / DAY)}d ${twoDigits((ms % DAY) / HOUR)}h`;
}

/** `812/s`, `0.4/s`. */
export function rate(perSecond: number): string {
  return `${perSecond >= 10 ? count(perSecond) : perSecond.toFixed(1)}/s`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `412 bytes`, `1.4 MiB`. */
export function bytes(value: number): string {
  let scaled = value;
  let unit = 0;
  while (scaled >= 1024 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? count(value) : scaled.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

/** `2026-11-21 09:30:00`, local time. */
export function moment(date: Date): string {
  const [year, ...rest] = [
    date.getFullYear(),
    date.getMonth() + 1,
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
  ];
  const [month = '', day = '', hour = '', minute = '', second = ''] = rest.map(twoDigits);
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
