import type { SandboxView } from '../../ports.ts';
import type { ContainerRow } from './engine.ts';
import type { Handle } from './handle.ts';
import { LABEL } from './names.ts';

export interface Seen {
  readonly handles: readonly Handle[];
  readonly containers: readonly ContainerRow[];
  readonly slots: readonly { readonly slot: string; readonly isRemoved: boolean }[];
  /** The runs of containers that this process waits for right now. */
  readonly runs: ReadonlySet<string>;
  readonly now: number;
}

export interface Observation {
  readonly views: SandboxView[];
  /** Containers that nothing of ours speaks of. */
  readonly strays: string[];
  /** The containers of the slots, by slot. */
  readonly containers: Map<string, ContainerRow>;
}

/** How long a start that was handed back may take to come again before its remains count as a sandbox that ended. */
const COMES_AGAIN_MS = 120_000;

/**
 * What there is, from all three places that know something of it: the handles say what should be, the engine what runs,
 * the storage what lies there.
 */
export function observe({ handles, containers, slots, runs, now }: Seen): Observation {
  const ours = new Map<string, ContainerRow>();
  const strays: string[] = [];
  const known = new Set(handles.map(({ slot }) => slot));
  for (const row of containers) {
    const { [LABEL.kind]: kind, [LABEL.slot]: slot, [LABEL.run]: run } = row.labels;
    if (kind === 'archive' || kind === 'prepare') {
      if (run === undefined || !runs.has(run)) strays.push(row.id);
    } else if (slot !== undefined && known.has(slot)) ours.set(slot, row);
    else strays.push(row.id);
  }
  const removed = new Map(slots.map(({ slot, isRemoved }) => [slot, isRemoved]));
  const views = handles.flatMap((handle): SandboxView[] => {
    if (handle.subject.kind !== 'attempt') return [];
    const { taskId, attempt, phase } = handle.subject;
    if (ours.get(handle.slot)?.isRunning === true) return [{ taskId, attempt, state: 'running' }];
    // Its start was handed back to the queue, because the engine was away; to call it ended would burn the attempt.
    if (phase === 'starting' && now - Date.parse(handle.createdAt) < COMES_AGAIN_MS) return [];
    return [{ taskId, attempt, state: removed.get(handle.slot) === false ? 'stopped' : 'removed' }];
  });
  return { views, strays, containers: ours };
}
