import type { Logger } from '@roundhouse/host';
import type { AttemptRef, Attempts, Sandboxes } from '../ports.ts';
import { reportRemoved } from './destroy-sandbox.ts';
import type { Lanes } from './lanes.ts';
import type { Slots } from './slots.ts';
import type { WarmPool } from './warm-pool.ts';

export interface ReuseParts {
  readonly sandboxes: Sandboxes;
  readonly attempts: Attempts;
  readonly lanes: Lanes;
  readonly slots: Slots;
  readonly pool: WarmPool;
  readonly log: Logger;
}

/**
 * Puts a sandbox whose attempt is over back into the pool. Only where its work is archived; in every other case nothing
 * is done, and it is ended and removed like any other. Never throws.
 */
export async function reuseSandbox(ref: AttemptRef, parts: ReuseParts): Promise<void> {
  const { lanes, log } = parts;
  try {
    // A short attempt is over before its hand-over is put away.
    await lanes.over(ref);
    await lanes.run(ref, () => reuse(ref, parts));
  } catch (error) {
    log.warn({ ...ref, err: error }, 'a sandbox could not be used again; it is ended instead');
  }
}

async function reuse(ref: AttemptRef, { sandboxes, attempts, slots, pool, log }: ReuseParts): Promise<void> {
  const isKept = !(await sandboxes.hasWork(ref)) || (await attempts.archiveNeeded(ref)).outcome === 'archived';
  if (!isKept) return;
  const warmId = await sandboxes.recycle(ref);
  if (warmId === null) return;
  slots.free(ref);
  const view = (await sandboxes.listWarm()).find((each) => each.warmId === warmId);
  if (view !== undefined) pool.adopt(view);
  await reportRemoved(ref, { reason: null, limit: null }, { sandboxes, attempts, log });
  log.info({ ...ref, warmId }, 'a sandbox is used again');
}
