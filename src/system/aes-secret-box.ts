import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { RowmillError } from '../engine/errors.ts';
import { sealingKeyOf, type SecretBox } from '../engine/ports/secret-box.ts';

/** A key with the name that sealed texts know it by. */
export interface MasterKey {
  /** 16 hexadecimal digits, from the key itself: the same key has the same id wherever it is. */
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/** Where the keys are. The first one seals, every one opens. */
export interface MasterKeys {
  all(): readonly [MasterKey, ...MasterKey[]];
  /** Where keys come from, for people. */
  readonly place: string;
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

export function masterKey(bytes: Uint8Array): MasterKey {
  const id = createHash('sha256').update('rowmill master key').update(bytes).digest('hex');
  return { id: id.slice(0, 16), bytes };
}

/** AES-256-GCM: `sealed.1.<key id>.<nonce, tag and text in base64url>`, bound to what the text is about. */
export class AesSecretBox implements SecretBox {
  readonly #keys: MasterKeys;

  constructor(keys: MasterKeys) {
    this.#keys = keys;
  }

  get keyId(): string {
    return this.#keys.all()[0].id;
  }

  seal(text: string, about: string): string {
    const [key] = this.#keys.all();
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, key.bytes, nonce);
    cipher.setAAD(boundTo(key.id, about));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    const bytes = Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    return `sealed.1.${key.id}.${bytes.toString('base64url')}`;
  }

  open(sealed: string, about: string): string {
    const keyId = sealingKeyOf(sealed);
    if (keyId === undefined) throw unreadable(about, 'it is no sealed text');
    const key = this.#keys.all().find(({ id }) => id === keyId);
    if (key === undefined) {
      throw unreadable(about, `the key ${keyId} that sealed it is not in ${this.#keys.place}`);
    }
    const bytes = Buffer.from(sealed.slice(sealed.lastIndexOf('.') + 1), 'base64url');
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const cipher = createDecipheriv(ALGORITHM, key.bytes, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(boundTo(keyId, about));
      cipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const opened = cipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([opened, cipher.final()]).toString('utf8');
    } catch (cause) {
      throw unreadable(about, 'it was changed, or belongs elsewhere', cause);
    }
  }
}

function boundTo(keyId: string, about: string): Buffer {
  return Buffer.from(`${keyId} ${about}`, 'utf8');
}

function unreadable(about: string, why: string, cause?: unknown): RowmillError {
  return new RowmillError('secret_unreadable', `the secret of ${about} cannot be opened: ${why}`, {
    cause,
  });
}
