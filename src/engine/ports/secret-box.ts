/** Seals texts that must not stand in a store in clear, with keys that the store does not have. */
export interface SecretBox {
  /** Id of the key that seals now. */
  readonly keyId: string;
  /** `about` says whose text it is, such as `webhook whk_…`: it opens under the same words only. */
  seal(text: string, about: string): string;
  /** Throws `secret_unreadable` where the key is not at hand, or the text is not what was sealed. */
  open(sealed: string, about: string): string;
}

const SEALED = /^sealed\.1\.([\da-f]{16})\.[\w-]+$/;

/** Id of the key that a text was sealed with; undefined for a text in clear. */
export function sealingKeyOf(text: string): string | undefined {
  return SEALED.exec(text)?.[1];
}
