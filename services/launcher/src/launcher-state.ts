import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { LauncherState } from '@roundhouse/contracts';
import type { Config } from './config.ts';
import type { Slots } from './handlers/slots.ts';
import type { WarmPool } from './handlers/warm-pool.ts';
import type { OpenedSandboxes } from './open-sandboxes.ts';

/** What a launcher says of itself; its id is made here, once a start. */
export function stateOf(
  kind: Config['sandbox']['kind'],
  parts: Omit<OpenedSandboxes, 'close'> & { readonly slots: Slots; readonly pool: WarmPool },
): () => LauncherState {
  const { sandboxes, worktrees, note, slots, pool } = parts;
  const id = randomUUID();
  const host = hostname().slice(0, 255);
  return () => {
    const readiness = sandboxes.readiness();
    return {
      id,
      host,
      worktrees,
      sandboxes: kind,
      ready: readiness.ready,
      reason: readiness.ready ? null : readiness.reason.slice(0, 1_000),
      slots: slots.limit,
      running: slots.held,
      warm: pool.readyCount,
      note: note?.slice(0, 1_000) ?? null,
    };
  };
}
