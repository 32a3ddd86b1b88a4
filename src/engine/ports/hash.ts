/** SHA-256 of bytes, in hexadecimal. */
export type Sha256 = (bytes: Uint8Array) => string;
