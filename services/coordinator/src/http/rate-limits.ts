import { RoundhouseError, type TokenInfo } from '@roundhouse/contracts';
import type { FastifyRequest } from 'fastify';
import { type Limited, RATE_WINDOW_MS, type RateLimits } from '../domain/rate-limits.ts';
import { createRequestCounts } from './request-counts.ts';

export interface RateGate {
  /** @throws RoundhouseError `rate_limited` */
  token(info: TokenInfo): void;
  /** For requests without a good token: they count together, whatever they ask for. @throws RoundhouseError `rate_limited` */
  address(request: FastifyRequest): void;
}

/**
 * Counts requests in the memory of this process. Not over Redis: the limits protect a process from a client that runs wild,
 * they are no quota; a count there would cost every call a round trip, and would fail when Redis does. Two processes
 * together let twice as much through.
 */
export function createRateGate(limits: RateLimits | null): RateGate {
  if (limits === null) return { token: () => undefined, address: () => undefined };
  const limiter = (who: Limited) => {
    const count = createRequestCounts(limits[who], RATE_WINDOW_MS);
    return (caller: string): void => {
      const leftMs = count(caller, Date.now());
      if (leftMs === null) return;
      const message = `more than ${limits[who]} requests within ${RATE_WINDOW_MS / 1_000} s`;
      throw new RoundhouseError('rate_limited', message, { retryAfterSeconds: Math.ceil(leftMs / 1_000) });
    };
  };
  const gates = {
    operator: limiter('operator'),
    coordinator: limiter('coordinator'),
    subtask: limiter('subtask'),
    paired: limiter('paired'),
    mobile: limiter('mobile'),
  };
  const addresses = limiter('address');
  return {
    token: ({ id, identity: { role } }) => {
      if (role !== 'runner' && role !== 'launcher') gates[role](id);
    },
    address: ({ ip }) => addresses(ip),
  };
}
