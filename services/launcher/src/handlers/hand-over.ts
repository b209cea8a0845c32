import type { Logger } from '@roundhouse/host';
import { type AttemptRef, type Attempts, type Sandboxes, SandboxesAwayError } from '../ports.ts';
import { destroySandbox } from './destroy-sandbox.ts';
import type { HeldClaims } from './held-claims.ts';
import type { Lanes } from './lanes.ts';
import type { Opening } from './openings.ts';
import type { Reservation, Slots } from './slots.ts';
import { type StartSandboxParts, startSandbox } from './start-sandbox.ts';

export interface HandOverParts extends StartSandboxParts {
  readonly sandboxes: Sandboxes;
  readonly attempts: Attempts;
  readonly lanes: Lanes;
  readonly slots: Slots;
  readonly held: HeldClaims;
  /** What the operator means for agents, as it is now. Rejects with words for a person. */
  readonly agentEnvironment: () => Promise<Readonly<Record<string, string>>>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Takes an attempt from the queue into a sandbox. `done`: the queue may forget it, because it runs, or is not wanted, or
 * the coordinator has been told that it cannot start. `later`: it must be handed over again. Never throws.
 */
export async function handOver(
  ref: AttemptRef,
  place: Reservation,
  opening: Opening,
  parts: HandOverParts,
): Promise<'done' | 'later'> {
  try {
    // They went away while we waited for the queue. A claim is only made where something can come of it.
    if (!parts.sandboxes.readiness().ready) return 'later';
    const result = parts.lanes.run(ref, () => claimAndStart(ref, place, opening, parts));
    // Something is being done with a sandbox of that name: the queue gave it out twice.
    return result === null ? 'later' : await result;
  } catch (error) {
    parts.log.warn({ ...ref, err: error }, 'an attempt could not be handed over; it will be tried again');
    return 'later';
  } finally {
    place.cancel();
    opening.decided();
  }
}

async function claimAndStart(
  ref: AttemptRef,
  place: Reservation,
  opening: Opening,
  parts: HandOverParts,
): Promise<'done' | 'later'> {
  const { attempts, slots, held, log, signal } = parts;
  const startedAt = Date.now();
  // Read while the coordinator is asked. What cannot be read is told of an attempt that is ours.
  const reading = parts.agentEnvironment();
  reading.catch(() => undefined);
  const claim = await attempts.claim(ref, signal);
  if (claim.outcome === 'obsolete') {
    held.drop(ref);
    log.info({ ...ref, why: claim.why }, 'an attempt is not wanted any more');
    return 'done';
  }
  place.assign(ref);
  try {
    const { outcome: _, ...order } = claim;
    const agentEnvironment = await reading;
    const how = await startSandbox({ ...order, ...ref, agentEnvironment }, opening, parts);
    held.drop(ref);
    log.info({ ...ref, how, ms: Date.now() - startedAt }, 'sandbox started');
    return 'done';
  } catch (error) {
    if (signal.aborted) {
      slots.free(ref);
      return 'later';
    }
    if (error instanceof SandboxesAwayError) {
      held.hold(ref, startedAt);
      slots.free(ref);
      log.warn({ ...ref, err: error }, 'sandboxes are away; the attempt goes back to the queue');
      return 'later';
    }
    held.drop(ref);
    log.error({ ...ref, err: error }, 'a sandbox could not be started');
    await giveUp(ref, error, parts);
    return 'done';
  }
}

async function giveUp(ref: AttemptRef, error: unknown, parts: HandOverParts): Promise<void> {
  const words = error instanceof Error ? error.message : String(error);
  const reason = `the sandbox could not be started: ${words}`.slice(0, 1_000);
  try {
    await destroySandbox(ref, { reason, keep: true, signal: parts.signal }, parts);
  } finally {
    parts.slots.free(ref);
  }
}
