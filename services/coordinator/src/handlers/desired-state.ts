import { type Desired, type TaskRecord, archiveRef } from '@roundhouse/contracts';
import { isLive, outstandingPrompts } from '../domain/derived.ts';
import { archiveToken } from './attempts.ts';
import type { Deps } from './deps.ts';

export interface LinkedAttempt {
  readonly taskId: string;
  readonly attempt: number;
  readonly coordinatorId: string;
}

/**
 * What is wanted of the runner of one link, read off the task each time: level, not edge, so nothing is lost with a
 * message. Texts and the archive token are fetched once a link.
 */
export function desiredStates(deps: Deps, linked: LinkedAttempt): (task: TaskRecord) => Promise<Desired> {
  const { taskId, attempt } = linked;
  const texts = new Map<string, string>();
  let stopToken: string | null = null;

  const stop = async (task: TaskRecord): Promise<Desired> => {
    const ref = archiveRef(taskId, attempt);
    stopToken ??= await archiveToken(deps, { ...linked, ref });
    const reason = task.closing?.reason ?? 'the attempt has ended';
    return { prompts: [], publish: null, stop: { reason, archiveRef: ref, archiveToken: stopToken } };
  };

  return async (task) => {
    if (!isLive(task) || task.closing !== null) return await stop(task);
    const prompts = outstandingPrompts(task);
    const missing = prompts.filter(({ id }) => !texts.has(id)).map(({ id }) => id);
    const read = await deps.store.promptTexts(taskId, missing);
    for (const [index, id] of missing.entries()) texts.set(id, read[index] ?? '');
    return {
      prompts: prompts.map(({ id, ordinal }) => ({ id, ordinal, text: texts.get(id) ?? '' })),
      publish: task.publish === null ? null : { id: task.publish.id },
      ...wantedAnswer(task),
      stop: null,
    };
  };
}

function wantedAnswer({ dialogAnswer }: TaskRecord): Pick<Desired, 'answer'> {
  if (dialogAnswer?.state !== 'pending') return {};
  const { id, dialogId, option } = dialogAnswer;
  return { answer: { id, dialogId, option } };
}
