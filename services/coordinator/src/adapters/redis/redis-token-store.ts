import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { type Identity, TOKEN_PATTERN, TokenInfo, uuidOfHex } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { TokenStore } from '../../ports.ts';
import { KEYS } from './keys.ts';

// The secrets are 32 random bytes, so one round of SHA-256 is enough: there is nothing to guess.
const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
const matches = (text: string, storedHex: string): boolean => {
  const stored = Buffer.from(storedHex, 'hex');
  const given = hash(text);
  return stored.length === given.length && timingSafeEqual(stored, given);
};

/** Tokens of attempts outlive any attempt, then go by themselves. */
const ATTEMPT_TOKEN_SECONDS = 30 * 86_400;

interface Parsed {
  readonly role: Identity['role'];
  readonly id: string;
  readonly secret: string;
}

function parseToken(token: string): Parsed | null {
  const [, role, hex, secret] = TOKEN_PATTERN.exec(token) ?? [];
  return hex === undefined || secret === undefined
    ? null
    : { role: role as Parsed['role'], id: uuidOfHex(hex), secret };
}

export function createRedisTokenStore(redis: Redis): TokenStore {
  const info = async (id: string): Promise<TokenInfo | null> => {
    const data = await redis.hget(KEYS.token(id), 'info');
    return data === null ? null : TokenInfo.parse(JSON.parse(data));
  };
  const put = async (made: TokenInfo, secret: string, doneToken: string | undefined): Promise<void> => {
    const key = KEYS.token(made.id);
    const fields = { info: JSON.stringify(made), hash: hash(secret).toString('hex') };
    const step = redis
      .multi()
      .hset(key, doneToken === undefined ? fields : { ...fields, done: hash(doneToken).toString('hex') });
    const { role } = made.identity;
    if (role === 'subtask' || role === 'runner') step.expire(key, ATTEMPT_TOKEN_SECONDS);
    else step.sadd(KEYS.listedTokens, made.id);
    await step.exec();
  };

  return {
    async issue(identity, label, expiresAt, doneToken) {
      const id = randomUUID();
      const secret = randomBytes(32).toString('base64url');
      const made = { id, identity, label, createdAt: new Date().toISOString(), expiresAt, revokedAt: null };
      await put(made, secret, doneToken);
      return { token: `rh_${identity.role}_${id.replaceAll('-', '')}_${secret}`, info: made };
    },

    async adopt(token, label) {
      const parsed = parseToken(token);
      if (parsed === null || (parsed.role !== 'operator' && parsed.role !== 'launcher')) {
        throw new Error(`the ${label} file does not hold a token of an operator or a launcher`);
      }
      if ((await info(parsed.id)) !== null) return;
      const made = {
        id: parsed.id,
        identity: { role: parsed.role },
        label,
        createdAt: new Date().toISOString(),
        expiresAt: null,
        revokedAt: null,
      };
      await put(made, parsed.secret, undefined);
    },

    async verify(token) {
      const parsed = parseToken(token);
      if (parsed === null) return null;
      const [data, stored] = await redis.hmget(KEYS.token(parsed.id), 'info', 'hash');
      if (typeof data !== 'string' || typeof stored !== 'string' || !matches(parsed.secret, stored)) return null;
      const found = TokenInfo.parse(JSON.parse(data));
      const over =
        found.revokedAt !== null || (found.expiresAt !== null && found.expiresAt <= new Date().toISOString());
      return over || found.identity.role !== parsed.role ? null : found;
    },

    async verifyDoneToken(tokenId, doneToken) {
      const stored = await redis.hget(KEYS.token(tokenId), 'done');
      return stored !== null && matches(doneToken, stored);
    },

    async list() {
      const ids = await redis.smembers(KEYS.listedTokens);
      const infos = await Promise.all(ids.map(info));
      return infos.filter((found) => found !== null).sort((a, b) => a.createdAt.localeCompare(b.createdAt));
    },

    async revoke(id) {
      const found = await info(id);
      if (found === null) return null;
      const revoked = { ...found, revokedAt: found.revokedAt ?? new Date().toISOString() };
      await redis.hset(KEYS.token(id), 'info', JSON.stringify(revoked));
      return revoked;
    },
  };
}
