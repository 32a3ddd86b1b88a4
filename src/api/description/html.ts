/** HTML that needs no escaping any more. */
export interface Html {
  readonly html: string;
}

type Value = string | undefined | Html | readonly Html[];

/** A template whose values are escaped, unless they are HTML; lists are joined, `undefined` is nothing. */
export function html(texts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: texts.map((text, index) => text + written(values[index])).join('') };
}

function written(value: Value): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return escaped(value);
  return 'html' in value ? value.html : value.map(written).join('');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Paragraphs, lists and `code` of a description: all of Markdown that ours use. */
export function prose(text: string | undefined): Html {
  const blocks = (text ?? '').split(/\n{2,}/).filter((block) => block.trim() !== '');
  const parts = blocks.map((block) => {
    const lines = block.split('\n');
    return lines.every((line) => line.startsWith('- '))
      ? html`<ul>
          ${lines.map((line) => html`<li>${inline(line.slice(2))}</li>`)}
        </ul>`
      : html`<p>${inline(block)}</p>`;
  });
  return html`${parts}`;
}

/** One line of a description. */
export function inline(text: string): Html {
  const parts = text
    .split(/(`[^`]+`)/)
    .map((part) =>
      /^`.+`$/s.test(part) ? html`<code>${part.slice(1, -1)}</code>` : html`${part}`,
    );
  return html`${parts}`;
}
