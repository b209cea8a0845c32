import type { Logger } from '@roundhouse/host';
import type { Sandboxes, StartOrder } from '../ports.ts';
import type { Gate } from './gate.ts';
import type { Opening } from './openings.ts';
import type { WarmPool } from './warm-pool.ts';

export interface StartSandboxParts {
  readonly sandboxes: Sandboxes;
  readonly pool: WarmPool;
  /** How many may be starting at once. */
  readonly starts: Gate;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Puts an attempt into a warm sandbox that fits; where there is none, or it does not take the attempt, into a new one.
 * Throws what `Sandboxes.start` throws, and the signal's reason.
 */
export async function startSandbox(
  order: StartOrder,
  opening: Opening,
  { sandboxes, pool, starts, log, signal }: StartSandboxParts,
): Promise<'warm' | 'cold'> {
  let warmId = pool.take(order);
  const coming = warmId === null ? pool.takeStarting(order) : null;
  if (warmId !== null || coming !== null) opening.decided();
  if (coming !== null) warmId = await coming;
  if (warmId !== null) {
    let outcome: 'taken' | 'refused' = 'refused';
    try {
      outcome = await sandboxes.assign(warmId, order, signal);
    } finally {
      pool.handedOver(outcome);
    }
    if (outcome === 'taken') return 'warm';
    const { taskId, attempt } = order;
    log.warn({ taskId, attempt, warmId }, 'a warm sandbox did not take its attempt; it is started in a new one');
  }
  const leave = await starts.enter(signal);
  opening.decided();
  try {
    await pool.giveWay();
    await sandboxes.start(order, signal);
    return 'cold';
  } finally {
    leave();
  }
}
