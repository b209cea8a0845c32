import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@roundhouse/host';
import { backoffMs } from '../domain/backoff.ts';
import { type SandboxView, type Sandboxes, SandboxesAwayError } from '../ports.ts';
import type { Slots } from './slots.ts';
import type { WarmPool } from './warm-pool.ts';

const MAX_RETRY_MS = 10_000;

export interface RecoverParts {
  readonly sandboxes: Sandboxes;
  readonly slots: Slots;
  readonly pool: WarmPool;
  /** Called when it has to wait for them. */
  readonly away: () => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Finds what an earlier launcher left and gives it its places; while sandboxes are away it waits for them. Answers false
 * where the signal came first.
 */
export async function recoverSandboxes(parts: RecoverParts): Promise<boolean> {
  const { sandboxes, slots, pool, log, signal } = parts;
  const recovered = await recover(parts);
  if (recovered === null || signal.aborted) return false;
  const running = recovered.filter((view) => view.state === 'running');
  for (const view of running) slots.hold(view);
  const warm = await sandboxes.listWarm();
  for (const view of warm) pool.adopt(view);
  if (recovered.length + warm.length > 0) {
    log.info({ running: running.length, found: recovered.length, warm: warm.length }, 'sandboxes recovered');
  }
  return true;
}

async function recover({ sandboxes, away, log, signal }: RecoverParts): Promise<SandboxView[] | null> {
  for (let tries = 1; !signal.aborted; tries += 1) {
    await untilReady({ sandboxes, away, log, signal });
    if (signal.aborted) return null;
    try {
      return await sandboxes.recover();
    } catch (error) {
      // Where they were never away, a person is there who has just started us: it is theirs to see.
      if (!(error instanceof SandboxesAwayError) && tries === 1) throw error;
      log.warn({ err: error, tries }, 'what there is of sandboxes is not known yet');
      away();
      // What changes between the tries is what they run on, which may be just going or coming.
      await delay(backoffMs(tries, MAX_RETRY_MS), undefined, { signal }).catch(() => undefined);
    }
  }
  return null;
}

async function untilReady({ sandboxes, away, log, signal }: Omit<RecoverParts, 'slots' | 'pool'>): Promise<void> {
  const readiness = sandboxes.readiness();
  if (readiness.ready || signal.aborted) return;
  log.warn({ reason: readiness.reason }, 'sandboxes are away; what there is of them is not known yet');
  away();
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    sandboxes.onReadiness(({ ready }) => {
      if (ready) resolve();
    });
  });
}
