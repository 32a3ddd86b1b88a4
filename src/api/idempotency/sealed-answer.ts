import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** An answer that is given again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined for an answer that its handler wrote itself: it is asked again. */
  readonly body: string | undefined;
}

const ALGORITHM = 'aes-256-gcm';

/** What the store knows of a key: not enough to read the answer. */
export function hashOfKey(key: string): string {
  return createHash('sha256').update(`idempotency ${key}`).digest('hex');
}

/** An answer can hold a secret that is shown once: only who has the key can read what is kept of it. */
export function sealAnswer(answer: KeptAnswer, key: string): string {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv(ALGORITHM, secretOf(key, salt), nonce);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(answer)), cipher.final()]);
  return Buffer.concat([salt, nonce, cipher.getAuthTag(), sealed]).toString('base64');
}

export function openAnswer(text: string, key: string): KeptAnswer {
  const bytes = Buffer.from(text, 'base64');
  const [salt, nonce, tag] = [
    bytes.subarray(0, 16),
    bytes.subarray(16, 28),
    bytes.subarray(28, 44),
  ];
  const cipher = createDecipheriv(ALGORITHM, secretOf(key, salt), nonce);
  cipher.setAuthTag(tag);
  const opened = Buffer.concat([cipher.update(bytes.subarray(44)), cipher.final()]);
  return JSON.parse(opened.toString('utf8')) as KeptAnswer; // written by sealAnswer
}

function secretOf(key: string, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, 'rowmill idempotency', 32));
}
