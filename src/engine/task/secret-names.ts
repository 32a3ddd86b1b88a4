/** Where a secret is named, not held. */
const PLACEHOLDER = /\{\{\s*secret:\s*([^{}]*?)\s*\}\}/g;
const NAMED_SECRET =
  /(?:^|[_-]|[a-z](?=[A-Z]))(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key)$/i;
const PASSWORD_IN_URL = /^[a-z][a-z\d+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;

/** The one way to write the name of a secret: `api-key`, `api_key` and `API_KEY` are the same. */
export function secretName(written: string): string {
  return written.toUpperCase().replaceAll(/[^A-Z\d]/g, '_');
}

/** The names of the secrets that a text asks for by `{{secret:NAME}}`. */
export function secretsAskedFor(text: string): readonly string[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => secretName(name));
}

/** A text with each `{{secret:NAME}}` in it replaced by what `valueOf` gives. */
export function withSecrets(text: string, valueOf: (name: string) => string): string {
  return text.replaceAll(PLACEHOLDER, (_, name: string) => valueOf(name));
}

/**
 * Whether an argument holds a secret in clear: by its name, or as a password in an address. Arguments are
 * stored with the run and shown to whoever sees it.
 */
export function holdsSecret(name: string, value: unknown): 'by_name' | 'in_address' | undefined {
  const held = typeof value === 'string' ? value.replaceAll(PLACEHOLDER, '') : value;
  if (NAMED_SECRET.test(name) && held !== '') return 'by_name';
  return typeof held === 'string' && PASSWORD_IN_URL.test(held) ? 'in_address' : undefined;
}
