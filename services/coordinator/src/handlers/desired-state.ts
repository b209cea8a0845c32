import { type Desired, type PromptRecord, type TaskRecord, archiveRef } from '@roundhouse/contracts';
import { isHeld, isLive, outstandingPrompts } from '../domain/derived.ts';
import { archiveToken } from './attempts.ts';
import type { Deps } from './deps.ts';

/** Where the text of a prompt lies: each edit of it has a place of its own. */
const textIdOf = ({ id, textId }: PromptRecord): string => textId ?? id;

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
    const nothing = { prompts: [], recalls: [], inputs: [], held: false, publish: null };
    return { ...nothing, stop: { reason, archiveRef: ref, archiveToken: stopToken } };
  };

  return async (task) => {
    if (!isLive(task) || task.closing !== null) return await stop(task);
    const outstanding = outstandingPrompts(task);
    const prompts = outstanding.filter((prompt) => !isHeld(task, prompt));
    const missing = prompts.map(textIdOf).filter((id) => !texts.has(id));
    const read = await deps.store.promptTexts(taskId, missing);
    for (const [index, id] of missing.entries()) texts.set(id, read[index] ?? '');
    return {
      prompts: prompts.map((prompt) => {
        const { id, ordinal, revision } = prompt;
        return { id, ordinal, revision, text: texts.get(textIdOf(prompt)) ?? '' };
      }),
      recalls: outstanding.flatMap(({ id: promptId, revision, recall }) =>
        recall === null ? [] : [{ id: recall.id, promptId, revision }],
      ),
      inputs: task.inputs,
      held: task.control.holder === 'human',
      publish: task.publish === null ? null : { id: task.publish.id },
      ...wantedAnswer(task),
      stop: null,
    };
  };
}

function wantedAnswer({ dialogAnswer }: TaskRecord): Pick<Desired, 'answer'> {
  if (dialogAnswer?.state !== 'pending') return {};
  const { id, dialogId, option, text } = dialogAnswer;
  return { answer: { id, dialogId, option, ...(text === undefined ? {} : { text }) } };
}
