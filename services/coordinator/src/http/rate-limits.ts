import rateLimit from '@fastify/rate-limit';
import { RoundhouseError, type TokenInfo } from '@roundhouse/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Limited, RATE_WINDOW_MS, type RateLimits } from '../domain/rate-limits.ts';

export interface RateGate {
  /** @throws RoundhouseError `rate_limited` */
  token(request: FastifyRequest, info: TokenInfo): Promise<void>;
  /** For requests without a good token: they count together, whatever they ask for. @throws RoundhouseError `rate_limited` */
  address(request: FastifyRequest): Promise<void>;
}

/**
 * Counts requests in the memory of this process. Not over Redis: the limits protect a process from a client that runs wild,
 * they are no quota; a count there would cost every call a round trip, and would fail when Redis does. Two processes
 * together let twice as much through.
 */
export async function createRateGate(app: FastifyInstance, limits: RateLimits | null): Promise<RateGate> {
  if (limits === null) return { token: async () => undefined, address: async () => undefined };
  await app.register(rateLimit, { global: false });
  const tokens = new WeakMap<FastifyRequest, string>();
  const limiter = (who: Limited, keyGenerator: (request: FastifyRequest) => string) => {
    const count = app.createRateLimit({ max: limits[who], timeWindow: RATE_WINDOW_MS, keyGenerator });
    return async (request: FastifyRequest): Promise<void> => {
      const counted = await count(request);
      if (counted.isAllowed || !counted.isExceeded) return;
      const retryAfterSeconds = Math.max(1, counted.ttlInSeconds);
      throw new RoundhouseError(
        'rate_limited',
        `more than ${limits[who]} requests within ${RATE_WINDOW_MS / 1_000} s`,
        {
          retryAfterSeconds,
        },
      );
    };
  };
  const byToken = (who: Exclude<Limited, 'address'>) => limiter(who, (request) => tokens.get(request) ?? '');
  const gates = {
    operator: byToken('operator'),
    coordinator: byToken('coordinator'),
    subtask: byToken('subtask'),
    paired: byToken('paired'),
    mobile: byToken('mobile'),
  };
  return {
    async token(request, { id, identity: { role } }) {
      if (role === 'runner' || role === 'launcher') return;
      tokens.set(request, id);
      await gates[role](request);
    },
    address: limiter('address', ({ ip }) => ip),
  };
}
