import { setTimeout as delay } from 'node:timers/promises';
import { sandboxName } from '@roundhouse/contracts';
import { endProcessTree, findProcesses } from '@roundhouse/host';
import type { AttemptRef } from '../../ports.ts';
import { type Handle, isAlive, livePid, readHandle, warmMark } from './handle.ts';

/** From SIGTERM to SIGKILL, and from there until we say that it cannot be ended, milliseconds. */
export const END = { graceMs: 3_000, killMs: 10_000 } as const;
/** The same for a runner that has not begun with anything, while an attempt waits for it to be gone. */
export const END_AT_ONCE = { graceMs: 0, killMs: 10_000 } as const;

/** Ends every process of the sandbox in `folder`. Throws when one is left. */
export async function endSandbox(
  ref: AttemptRef,
  folder: string,
  times: { readonly graceMs: number; readonly killMs: number },
): Promise<void> {
  const marks = marksOf(ref, await readHandle(folder));
  const ends = await Promise.all(marks.map((mark) => endProcessTree({ mark, folder }, times)));
  const left = new Set(ends.flatMap((end) => end.left));
  if (left.size > 0) throw new Error(`processes ${[...left].join(', ')} of ${nameOf(ref)} do not end`);
}

/** Asks the runner in `folder` to end by itself; resolves when it is gone or the signal aborts. */
export async function windDownSandbox(ref: AttemptRef, folder: string, signal: AbortSignal): Promise<void> {
  const handle = await readHandle(folder);
  if (handle === null || !(await isAlive(handle))) return;
  // The handle lies where the agent can write; a process without our mark is not the runner, whatever it says.
  const marked = await Promise.all(marksOf(ref, handle).map((mark) => findProcesses({ mark })));
  if (!marked.flat().includes(handle.pid)) return;
  try {
    process.kill(handle.pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  // A recovered runner is no child of ours, so there is no event to wait for; one way for both is the simpler.
  while (!signal.aborted && (await livePid(folder)) !== null)
    await delay(25, undefined, { signal }).catch(() => undefined);
}

const nameOf = ({ taskId, attempt }: AttemptRef): string => sandboxName(taskId, attempt);

/** What the environment of its processes may say: the runner's own stays what it was when it was started warm. */
const marksOf = (ref: AttemptRef, handle: Handle | null): string[] => {
  const warm = warmMark(handle);
  return warm === null ? [nameOf(ref)] : [nameOf(ref), warm];
};
