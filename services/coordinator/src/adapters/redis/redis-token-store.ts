import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { type Identity, TOKEN_PATTERN, TokenInfo, uuidOfHex } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { TokenStore } from '../../ports/access.ts';
import { answersOf } from './answers.ts';
import { KEYS } from './keys.ts';
import { loadScript } from './script.ts';

// The secrets are 32 random bytes, so one round of SHA-256 is enough: there is nothing to guess.
const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
const matches = (text: string, storedHex: string): boolean => {
  const stored = Buffer.from(storedHex, 'hex');
  const given = hash(text);
  return stored.length === given.length && timingSafeEqual(stored, given);
};

/** Tokens of attempts go with the close of their task; where none comes, by themselves, long after any attempt. */
const ATTEMPT_TOKEN_MS = 30 * 86_400_000;
/** How long a token that is over is still listed, ms. */
const LISTED_AFTER_END_MS = 7 * 86_400_000;
/** How many records that are gone are taken off the list with each new token. */
const TIDIED_AT_ONCE = 100;

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

const textOf = (role: Identity['role'], id: string, secret: string): string =>
  `rh_${role}_${id.replaceAll('-', '')}_${secret}`;
const newSecret = (): string => randomBytes(32).toString('base64url');
const isOver = ({ revokedAt, expiresAt }: TokenInfo, now: string): boolean =>
  revokedAt !== null || (expiresAt !== null && expiresAt <= now);

/** The task that a token ends with an attempt of; null: none. */
function taskOf(identity: Identity): string | null {
  if ('taskId' in identity) return identity.taskId;
  return identity.role === 'coordinator' ? (identity.host?.taskId ?? null) : null;
}

/** One hash a token. What changes later stands in fields of its own, so that no two changes overwrite each other. */
export async function createRedisTokenStore(redis: Redis): Promise<TokenStore> {
  const revokeScript = await loadScript('revoke-token');
  const rotateScript = await loadScript('rotate-token');

  const read = async (id: string) => {
    const [info, secret, previous, revokedAt, rotatedAt, previousUntil] = await redis.hmget(
      KEYS.token(id),
      'info',
      'hash',
      'previous',
      'revokedAt',
      'rotatedAt',
      'previousUntil',
    );
    if (typeof info !== 'string' || typeof secret !== 'string') return null;
    const stored = TokenInfo.parse(JSON.parse(info));
    const changes = { rotatedAt: rotatedAt ?? null, previousUntil: previousUntil ?? null };
    return {
      info: { ...stored, ...changes, revokedAt: revokedAt ?? stored.revokedAt },
      secret,
      previous: previous ?? null,
    };
  };

  const put = async (made: TokenInfo, secret: string, more: Record<string, string>): Promise<void> => {
    const { id, identity, expiresAt } = made;
    const key = KEYS.token(id);
    const step = redis.multi().hset(key, { info: JSON.stringify(made), hash: hash(secret).toString('hex'), ...more });
    const taskId = taskOf(identity);
    if (taskId !== null) {
      const owned = KEYS.taskTokens(taskId);
      step.sadd(owned, id).pexpire(owned, ATTEMPT_TOKEN_MS);
      if (expiresAt === null) step.pexpire(key, ATTEMPT_TOKEN_MS);
      else step.pexpireat(key, Date.parse(expiresAt));
    } else {
      step.sadd(KEYS.listedTokens, id);
      if (expiresAt !== null) {
        const ends = Date.parse(expiresAt) + LISTED_AFTER_END_MS;
        step.pexpireat(key, ends).zadd(KEYS.listedTokenEnds, ends, id);
      }
    }
    // With the step and not after it: who is given the token waits for this.
    step.zrangebyscore(KEYS.listedTokenEnds, '-inf', Date.now(), 'LIMIT', 0, TIDIED_AT_ONCE);
    const gone = (await answersOf(step)).at(-1) as string[];
    if (gone.length > 0)
      await redis
        .multi()
        .srem(KEYS.listedTokens, ...gone)
        .zrem(KEYS.listedTokenEnds, ...gone)
        .exec();
  };

  const fresh = (id: string, identity: Identity, label: string, expiresAt: string | null): TokenInfo => ({
    id,
    identity,
    label,
    createdAt: new Date().toISOString(),
    expiresAt,
    revokedAt: null,
    rotatedAt: null,
    previousUntil: null,
  });

  return {
    async issue(identity, label, expiresAt, doneToken) {
      const made = fresh(randomUUID(), identity, label, expiresAt);
      const secret = newSecret();
      await put(made, secret, doneToken === undefined ? {} : { done: hash(doneToken).toString('hex') });
      return { token: textOf(identity.role, made.id, secret), info: made };
    },

    async adopt(token, label) {
      const parsed = parseToken(token);
      if (parsed === null || (parsed.role !== 'operator' && parsed.role !== 'launcher')) {
        throw new Error(`the ${label} file does not hold a token of an operator or a launcher`);
      }
      const { id, role, secret } = parsed;
      if ((await read(id)) === null) await put(fresh(id, { role }, label, null), secret, { adopted: '1' });
      // One that an earlier version of this service took in.
      else await redis.hset(KEYS.token(id), 'adopted', '1');
    },

    async verify(token) {
      const parsed = parseToken(token);
      const found = parsed === null ? null : await read(parsed.id);
      if (parsed === null || found === null) return null;
      const { info, secret, previous } = found;
      const now = new Date().toISOString();
      if (isOver(info, now) || info.identity.role !== parsed.role) return null;
      if (matches(parsed.secret, secret)) return { info, goodUntil: info.expiresAt };
      const { previousUntil } = info;
      if (previous === null || previousUntil === null || previousUntil <= now || !matches(parsed.secret, previous))
        return null;
      const ends = info.expiresAt !== null && info.expiresAt < previousUntil ? info.expiresAt : previousUntil;
      return { info, goodUntil: ends };
    },

    async verifyDoneToken(tokenId, doneToken) {
      const stored = await redis.hget(KEYS.token(tokenId), 'done');
      return stored !== null && matches(doneToken, stored);
    },

    async list() {
      const ids = await redis.smembers(KEYS.listedTokens);
      const found = await Promise.all(ids.map(read));
      return found
        .filter((row) => row !== null)
        .map(({ info }) => info)
        .sort((a, b) => a.createdAt.localeCompare(b.createdAt));
    },

    async rotate(id, previousUntil) {
      const found = await read(id);
      if (found === null) return 'absent';
      const now = new Date().toISOString();
      // A token of an attempt is made and kept by the service alone.
      if (taskOf(found.info.identity) !== null) return 'absent';
      if (isOver(found.info, now)) return 'over';
      const secret = newSecret();
      const args = [id, hash(secret).toString('hex'), now, previousUntil ?? '', KEYS.accessChannel];
      const outcome = (await rotateScript.run(redis, [KEYS.token(id)], args)) as string;
      if (outcome === 'absent') return 'absent';
      if (outcome === 'revoked') return 'over';
      if (outcome === 'adopted') return 'in_file';
      const info = { ...found.info, rotatedAt: now, previousUntil };
      return { token: textOf(info.identity.role, id, secret), info };
    },

    async revoke(id) {
      const args = [id, new Date().toISOString(), LISTED_AFTER_END_MS, KEYS.accessChannel];
      const done = await revokeScript.run(redis, [KEYS.token(id), KEYS.listedTokenEnds], args);
      return done === 1 ? ((await read(id))?.info ?? null) : null;
    },

    async forgetTask(taskId) {
      const owned = KEYS.taskTokens(taskId);
      const ids = await redis.smembers(owned);
      await redis.del(owned, ...ids.map((id) => KEYS.token(id)));
    },
  };
}
