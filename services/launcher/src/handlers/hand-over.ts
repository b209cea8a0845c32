import type { Logger } from '@roundhouse/host';
import type { AttemptRef, Attempts, Sandboxes } from '../ports.ts';
import { destroySandbox } from './destroy-sandbox.ts';
import type { Lanes } from './lanes.ts';
import type { Reservation, Slots } from './slots.ts';

export interface HandOverParts {
  readonly sandboxes: Sandboxes;
  readonly attempts: Attempts;
  readonly lanes: Lanes;
  readonly slots: Slots;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Takes an attempt from the queue into a sandbox. `done`: the queue may forget it, because it runs, or is not wanted, or
 * the coordinator has been told that it cannot start. `later`: it must be handed over again. Never throws.
 */
export async function handOver(ref: AttemptRef, place: Reservation, parts: HandOverParts): Promise<'done' | 'later'> {
  try {
    const result = parts.lanes.run(ref, () => claimAndStart(ref, place, parts));
    // Something is being done with a sandbox of that name: the queue gave it out twice.
    return result === null ? 'later' : await result;
  } catch (error) {
    parts.log.warn({ ...ref, err: error }, 'an attempt could not be handed over; it will be tried again');
    return 'later';
  } finally {
    place.cancel();
  }
}

async function claimAndStart(ref: AttemptRef, place: Reservation, parts: HandOverParts): Promise<'done'> {
  const { sandboxes, attempts, slots, log, signal } = parts;
  const startedAt = Date.now();
  const claim = await attempts.claim(ref, signal);
  if (claim.outcome === 'obsolete') {
    log.info({ ...ref, why: claim.why }, 'an attempt is not wanted any more');
    return 'done';
  }
  place.assign(ref);
  try {
    const { projectId, runnerToken, hubObjects } = claim;
    await sandboxes.start({ ...ref, projectId, runnerToken, hubObjects });
  } catch (error) {
    log.error({ ...ref, err: error }, 'a sandbox could not be started');
    const reason = `the sandbox could not be started: ${error instanceof Error ? error.message : String(error)}`.slice(
      0,
      1_000,
    );
    try {
      await destroySandbox(ref, { reason, keep: true, signal }, { sandboxes, attempts, log });
    } finally {
      slots.free(ref);
    }
    return 'done';
  }
  log.info({ ...ref, ms: Date.now() - startedAt }, 'sandbox started');
  return 'done';
}
