import { setTimeout as delay } from 'node:timers/promises';
import type { Archiver, HubAccess, Log } from '../ports.ts';

export interface SaveOrder {
  readonly path: string;
  /** Places for what the archive is made in, the best first; there is at least one. */
  readonly scratches: readonly string[];
  readonly hub: HubAccess;
  readonly ref: string;
}

const BOUND_MS = 50_000;
const PAUSES_MS = [200, 1_000, 3_000];

/**
 * Archives the work, and tries again where that failed: what changes between the tries is the coordinator (it may be
 * restarting) and the place that it is made in (one may be too small); what stops them is their number and `BOUND_MS`.
 * False: it is not saved, the folder must be kept.
 */
export async function saveWork(archiver: Archiver, order: SaveOrder, log: Log): Promise<boolean> {
  const { scratches, ...rest } = order;
  const signal = AbortSignal.timeout(BOUND_MS);
  for (const [index, pauseMs] of [...PAUSES_MS, null].entries()) {
    const scratch = scratches[index % scratches.length] ?? '';
    try {
      const result = await archiver.archive({ ...rest, scratch }, signal);
      log.info({ ref: order.ref, ...result }, 'archive');
      return true;
    } catch (error) {
      log.warn({ ref: order.ref, reason: error instanceof Error ? error.message : String(error) }, 'archive failed');
    }
    if (pauseMs === null || signal.aborted) return false;
    await delay(pauseMs);
  }
  return false;
}
