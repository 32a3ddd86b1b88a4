/** `attachment` with a name that any browser can save: what is no letter of ASCII is said in its own way too. */
export function contentDisposition(name: string): string {
  const safe = safeName(name);
  const plain = safe.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  if (plain === safe) return `attachment; filename="${plain}"`;
  const encoded = encodeURIComponent(safe).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** What a user called a file, without folders, and without what no file system takes. */
export function safeName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  // Characters that no name may have: those of control, and half a pair of surrogates.
  const kept = last.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}<>:"|?*]/gu, '_');
  return kept.replace(/^\.+/, '').trim() || 'file.csv';
}
