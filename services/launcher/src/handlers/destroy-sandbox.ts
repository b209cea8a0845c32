import type { Logger } from '@roundhouse/host';
import type { LimitKind } from '@roundhouse/contracts';
import type { AttemptRef, Attempts, Sandboxes } from '../ports.ts';

export interface DestroyParts {
  readonly sandboxes: Sandboxes;
  readonly attempts: Attempts;
  readonly log: Logger;
}

/** The work in a sandbox could not be archived; its folder is where it was, and it may be tried again. */
export class ArchiveFailedError extends Error {
  override readonly name = 'ArchiveFailedError';
}

/**
 * Ends a sandbox for good: its processes, then its work to the archive ref, then its folder, then the word to the
 * coordinator. In this order, so that a crash at any point is made good by doing it all again: nothing is deleted before
 * its work is kept (I7), and nothing is called gone while a process lives (I9). With `keep`, a folder whose work cannot be
 * archived is set aside and named in the report; else ArchiveFailedError is thrown.
 */
export async function destroySandbox(
  ref: AttemptRef,
  options: { readonly reason: string; readonly keep: boolean; readonly signal: AbortSignal },
  { sandboxes, attempts, log }: DestroyParts,
): Promise<void> {
  const { taskId, attempt } = ref;
  const startedAt = Date.now();
  await sandboxes.end(ref);
  // Asked before anything is removed: what its end left behind is what tells.
  const limit = await sandboxes.limitHit(ref);
  const fault = await saveWork(ref, options.signal, sandboxes, attempts);
  if (fault === null) {
    await sandboxes.remove(ref);
    await reportRemoved(ref, { reason: options.reason, limit }, { sandboxes, attempts, log });
  } else if (options.keep) {
    const kept = sandboxes.keptPath(ref);
    await attempts.reportGone(ref, { kept, reason: `its work is not archived: ${fault}`.slice(0, 1_000), limit });
    await sandboxes.keep(ref);
    log.error({ taskId, attempt, kept, fault }, 'a sandbox is kept because its work could not be archived');
  } else {
    throw new ArchiveFailedError(fault);
  }
  log.info({ taskId, attempt, reason: options.reason, limit, ms: Date.now() - startedAt }, 'sandbox destroyed');
}

/** Null when the work is kept, or when there is none; else why it is not. */
async function saveWork(
  ref: AttemptRef,
  signal: AbortSignal,
  sandboxes: Sandboxes,
  attempts: Attempts,
): Promise<string | null> {
  if (!(await sandboxes.hasWork(ref))) return null;
  const question = await attempts.archiveNeeded(ref);
  switch (question.outcome) {
    case 'archived':
      return null;
    case 'unknown':
      return 'the coordinator does not know its task';
    case 'needed': {
      const { projectId, ref: target, token } = question;
      const result = await sandboxes.archive({ ...ref, projectId, ref: target, token }, signal);
      if (result.outcome === 'archived') return null;
      // Told to stop, it says nothing about whether it could have been archived.
      signal.throwIfAborted();
      return result.reason;
    }
  }
}

/** The last two steps of a sandbox whose folder is out of the way. What deletes late is not waited for by anybody. */
export async function reportRemoved(
  ref: AttemptRef,
  why: { readonly reason: string | null; readonly limit: LimitKind | null },
  { sandboxes, attempts, log }: DestroyParts,
): Promise<void> {
  await attempts.reportGone(ref, { kept: null, ...why });
  await sandboxes.discard(ref).catch((error: unknown) => {
    // Nobody needs it any more; the next start tries again.
    log.warn({ ...ref, err: error }, 'a removed sandbox could not be deleted');
  });
}
