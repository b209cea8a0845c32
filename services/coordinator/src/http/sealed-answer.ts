import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;

// A token has 32 random bytes, so a key derived from it needs no stretching (RFC 5869).
const keyOf = (token: string, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', token, salt, 'roundhouse idempotent answer', 32));

/** An answer with a secret in it, as it is kept: only who has the token that it was given to can open it. */
export function sealAnswer(body: string, token: string): string {
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(token, salt), iv);
  const sealed = Buffer.concat([cipher.update(body, 'utf8'), cipher.final()]);
  return Buffer.concat([salt, iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** The answer, or null where it was sealed for another token. */
export function openAnswer(text: string, token: string): string | null {
  const bytes = Buffer.from(text, 'base64url');
  const salt = bytes.subarray(0, SALT_BYTES);
  const iv = bytes.subarray(SALT_BYTES, SALT_BYTES + IV_BYTES);
  const from = SALT_BYTES + IV_BYTES + TAG_BYTES;
  if (bytes.length < from) return null;
  const decipher = createDecipheriv('aes-256-gcm', keyOf(token, salt), iv);
  decipher.setAuthTag(bytes.subarray(SALT_BYTES + IV_BYTES, from));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(from)), decipher.final()]).toString('utf8');
  } catch {
    // The one way in which it can fail: the tag does not fit the key.
    return null;
  }
}
