import type { Caller, Deps } from '../deps.ts';

/**
 * A coordinator's own wait has answered with these states of its tasks: they need no notification now, but one later if
 * nobody acts upon them.
 */
export async function toldByWait(
  { notifications }: Deps,
  { identity, coordinatorId }: Caller,
  seen: readonly { readonly taskId: string; readonly version: number }[],
): Promise<void> {
  if (identity.role !== 'coordinator' || coordinatorId === null) return;
  await notifications.told(
    coordinatorId,
    seen.map(({ taskId, version }) => ({ taskId, version })),
  );
}
