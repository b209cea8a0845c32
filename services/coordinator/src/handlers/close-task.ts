import type { OPERATIONS, OutputOf } from '@roundhouse/contracts';
import { isPerson, ownTask, refuseUnderHumanControl } from './access.ts';
import type { Caller, Deps } from './deps.ts';
import { taskView } from './task-view.ts';
import { readTask, transition } from './transition.ts';
import { watch } from './watch.ts';

/** How long a caller is kept waiting for the close, ms. The close itself goes on. */
const CLOSE_WAIT_MS = 50_000;

export async function closeTask(
  deps: Deps,
  caller: Caller,
  { id }: { id: string },
): Promise<OutputOf<typeof OPERATIONS.closeTask>> {
  refuseUnderHumanControl(deps, caller, await ownTask(deps, caller, id));
  await transition(deps, id, {
    type: 'close_requested',
    reason: `closed by ${caller.identity.role}`,
    yields: !isPerson(caller),
  });
  const closed = await watch(
    { subscribe: (listener) => deps.feed.onTask(id, listener), timeoutMs: CLOSE_WAIT_MS, signal: caller.signal },
    async () => {
      const task = await readTask(deps, id);
      return task.lifecycle.state === 'closed' ? task : null;
    },
  );
  const task = closed ?? (await readTask(deps, id));
  const { lifecycle } = task;
  const view = await taskView(deps, task);
  return lifecycle.state === 'closed'
    ? { outcome: 'closed', archiveRefs: lifecycle.archiveRefs, kept: lifecycle.kept, task: view }
    : { outcome: 'closing', archiveRefs: [], kept: task.kept, task: view };
}
