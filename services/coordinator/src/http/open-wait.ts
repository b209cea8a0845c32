import type { FastifyRequest } from 'fastify';
import type { Caller, Deps } from '../handlers/deps.ts';
import type { VerifiedToken } from '../ports.ts';
import { type StandingAccess, standingAccess } from './standing-access.ts';

interface Waiter {
  readonly who: Pick<Caller, 'coordinatorId'>;
  readonly verified: VerifiedToken;
}

/** A call that may stand open: it ends with its caller's access, and is counted as its coordinator's meanwhile. */
export function openWait(deps: Deps, request: FastifyRequest, { who, verified }: Waiter): StandingAccess {
  const standing = standingAccess(deps, request, verified);
  const { coordinatorId } = who;
  const { role } = verified.info.identity;
  // A sub-task's own wait is not its coordinator's.
  if (coordinatorId === null || role === 'subtask') return standing;
  const { presence, clock, log } = deps;
  // Counting is nothing to wait for, or to fail on. Both go over one connection, so the end comes after the beginning.
  const missed = (error: unknown): void => log.debug({ err: error }, 'a wait could not be counted');
  presence.waitBegan(coordinatorId, request.id, Date.parse(clock.now())).catch(missed);
  return {
    ...standing,
    end: () => {
      standing.end();
      presence.waitEnded(coordinatorId, request.id).catch(missed);
    },
  };
}
