import { once, setMaxListeners } from 'node:events';
import type { Logger } from '@roundhouse/host';
import { type SandboxView, type Sandboxes, SandboxesAwayError } from '../ports.ts';
import { type DestroyParts, destroySandbox } from './destroy-sandbox.ts';
import type { Gate } from './gate.ts';
import type { Lanes } from './lanes.ts';

/** What runners get to end their agents and to save their work themselves, milliseconds. */
const WIND_DOWN_MS = 12_000;
/** Until nothing new is begun; what is then under way is ended, all below the 20 s that a service may take to stop. */
const TOTAL_MS = 15_000;

/**
 * Ends all sandboxes. What cannot be archived within the time stays where it is, without a process, for the next start.
 */
export async function shutDownSandboxes(
  parts: DestroyParts & { readonly destroys: Gate; readonly lanes: Lanes },
): Promise<void> {
  const { sandboxes, log } = parts;
  const total = AbortSignal.timeout(TOTAL_MS);
  // Each sandbox that waits for its turn listens to it, which is no leak.
  setMaxListeners(0, total);
  const overdue = once(total, 'abort');
  // What was being destroyed was told to stop; it is taken up again below.
  await Promise.race([parts.lanes.settled(), overdue]);
  const views = await sandboxes.list().catch((error: unknown) => {
    if (!(error instanceof SandboxesAwayError)) throw error;
    log.error({ err: error }, 'sandboxes cannot be seen: what there is of them is left for the next start');
    return [];
  });
  const running = views.filter((view) => view.state === 'running');
  if (views.length > 0) log.info({ running: running.length, all: views.length }, 'ending all sandboxes');
  const windDown = AbortSignal.any([total, AbortSignal.timeout(WIND_DOWN_MS)]);
  await Promise.allSettled(running.map((view) => sandboxes.windDown(view, windDown)));

  // Processes first, of all of them: whatever is not archived in time, nothing runs on.
  await endAll(running, sandboxes, log);

  const saving = views
    .filter((view) => view.state !== 'removed')
    .map(async (view) => {
      try {
        const leave = await parts.destroys.enter(total);
        await destroySandbox(view, { reason: 'the launcher was stopped', keep: false, signal: total }, parts).finally(
          leave,
        );
      } catch (error) {
        const { taskId, attempt } = view;
        log.warn({ taskId, attempt, err: error }, 'a sandbox is left for the next start');
      }
    });
  await Promise.race([Promise.allSettled(saving), overdue]);
  // An archive run that was under way would outlive us.
  if (total.aborted) await endAll(views, sandboxes, log);
}

async function endAll(views: readonly SandboxView[], sandboxes: Sandboxes, log: Logger): Promise<void> {
  for (const result of await Promise.allSettled(views.map((view) => sandboxes.end(view)))) {
    if (result.status === 'rejected')
      log.error({ err: result.reason as unknown }, 'a sandbox has a process that does not end');
  }
}
