import type { FastifyRequest } from 'fastify';
import type { CallName } from '@roundhouse/contracts';
import type { Caller, Deps } from '../handlers/deps.ts';
import type { VerifiedToken } from '../ports/access.ts';
import { type StandingAccess, standingAccess } from './standing-access.ts';

interface Waiter {
  readonly who: Pick<Caller, 'coordinatorId'>;
  readonly verified: VerifiedToken;
}

/** The waits that tell a coordinator of its tasks: while it has one open it needs no notification. */
const TELLING: readonly CallName[] = ['waitSignal', 'waitForEvents', 'waitForIdle'];

/** A call that may stand open: it ends with its caller's access, and is counted as its coordinator's meanwhile. */
export function openWait(
  deps: Deps,
  request: FastifyRequest,
  name: CallName,
  { who, verified }: Waiter,
): StandingAccess {
  const standing = standingAccess(deps, request, verified);
  const { coordinatorId } = who;
  const { role } = verified.info.identity;
  // A sub-task's own wait is not its coordinator's.
  if (coordinatorId === null || role === 'subtask') return standing;
  const { presence, notifications, clock, log } = deps;
  // An operator's looks at a coordinator's tasks are not the coordinator's.
  const tells = role === 'coordinator' && TELLING.includes(name);
  // Counting is nothing to wait for, or to fail on. Both go over one connection, so the end comes after the beginning.
  const missed = (error: unknown): void => log.debug({ err: error }, 'a wait could not be counted');
  presence.waitBegan(coordinatorId, request.id, Date.parse(clock.now())).catch(missed);
  const heldLate = (error: unknown): void => log.warn({ err: error }, 'a wait could not hold back notifications');
  if (tells) notifications.beginListening(coordinatorId, request.id).catch(heldLate);
  return {
    ...standing,
    end: () => {
      standing.end();
      presence.waitEnded(coordinatorId, request.id).catch(missed);
      // Where it cannot be said it counts for as long as a wait may last.
      if (tells) notifications.endListening(coordinatorId, request.id).catch(heldLate);
    },
  };
}
