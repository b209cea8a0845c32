import { RoundhouseError } from '@roundhouse/contracts';
import type { FastifyRequest } from 'fastify';
import type { Deps } from '../handlers/deps.ts';
import type { VerifiedToken } from '../ports/access.ts';
import { authenticate } from './authenticate.ts';

/** The longest time that a timer takes, ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface StandingAccess {
  /** Aborted once the caller would not be let in any more. */
  readonly signal: AbortSignal;
  /** What it would be told now; null while it would be let in. */
  refusal(): RoundhouseError | null;
  /** Whoever began it must end it. */
  end(): void;
}

/**
 * Watches over a call or a link that stands open: its token may be revoked, rotated or expire, its coordinator's access be
 * stopped. It looks again when it is told of a change, never by the clock but for an expiry that is known.
 */
export function standingAccess(
  deps: Deps,
  request: FastifyRequest,
  { info, goodUntil }: VerifiedToken,
): StandingAccess {
  const over = new AbortController();
  let refused: RoundhouseError | null = null;
  const look = (): void => {
    authenticate(deps, request).catch((error: unknown) => {
      // Where Redis is away nothing is known; the feed tells when it is back.
      if (!(error instanceof RoundhouseError)) return deps.log.debug({ err: error }, 'access could not be checked');
      refused ??= error;
      over.abort();
    });
  };
  const { identity } = info;
  const ends = [deps.accessFeed.onToken(info.id, look)];
  if (identity.role === 'coordinator' || identity.role === 'paired')
    ends.push(deps.accessFeed.onCoordinator(identity.coordinatorId, look));
  if (goodUntil !== null) {
    const leftMs = Date.parse(goodUntil) - Date.now() + 1;
    const timer = setTimeout(look, Math.max(0, Math.min(leftMs, MAX_TIMER_MS)));
    ends.push(() => clearTimeout(timer));
  }
  // What changed between the first look and this subscription was told to nobody.
  look();
  return {
    signal: over.signal,
    refusal: () => refused,
    end: () => {
      for (const end of ends) end();
    },
  };
}
