/** SHA-256 of bytes, in hexadecimal. */
export type Sha256 = (bytes: Uint8Array) => string;

/** SHA-256 of bytes that come one after the other. */
export type BeginSha256 = () => { update(bytes: Uint8Array): void; hex(): string };
