/** A Markdown table. Cells are texts; the columns named in `right` stand to the right. */
export function markdown(header, rows) {
  const rule = header.map((_, index) => (index === 0 ? '---' : '--:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A figure with three digits that say something. */
export function figure(value) {
  if (value === undefined) return '–';
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function count(value) {
  return value.toLocaleString('en');
}

/** A command as it can be typed: paths below the working directory, quotes where needed. */
export function shown(command) {
  return command
    .map((word) => word.replaceAll(`${process.cwd()}/`, ''))
    .map((word) => (/^[\w./=:,@+-]+$/.test(word) ? word : `'${word}'`))
    .join(' ');
}
