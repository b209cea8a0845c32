import type { PromptRecord, TaskRecord } from '@roundhouse/contracts';
import { UNCHANGED, changed } from './change.ts';
import type { TransitionHandler } from './decision.ts';
import type { EventType } from './events.ts';

type RecallEvents = Extract<EventType, 'prompt_recall_requested' | 'prompt_recalled'>;

const withPrompt = (task: TaskRecord, prompt: PromptRecord): TaskRecord => ({
  ...task,
  prompts: task.prompts.map((other) => (other.id === prompt.id ? prompt : other)),
});

/** The prompt as its recall wants it. */
export function recalled(prompt: PromptRecord, at: string): PromptRecord {
  const { recall } = prompt;
  if (recall === null) return prompt;
  if (recall.kind === 'withdraw') return { ...prompt, state: 'withdrawn', recall: null, at };
  return { ...prompt, bytes: recall.bytes, textId: recall.id, revision: prompt.revision + 1, recall: null, at };
}

/**
 * Invariant I15: an answer that a prompt was edited or withdrawn means that its old text is never delivered. Where a runner
 * may be typing it, the runner alone knows: it is asked, and its word is what decides.
 */
export const RECALL_HANDLERS: { readonly [T in RecallEvents]: TransitionHandler<T> } = {
  prompt_recall_requested: (task, { promptId, recall }, { now }) => {
    const prompt = task.prompts.find(({ id }) => id === promptId);
    if (prompt === undefined)
      return { kind: 'refused', code: 'prompt_not_found', message: `the task has no prompt ${promptId}` };
    // The same wish again, whatever came of it.
    const isDone = recall.kind === 'withdraw' ? prompt.state === 'withdrawn' : prompt.textId === recall.id;
    if (isDone || prompt.recall?.id === recall.id) return UNCHANGED;
    if (prompt.state !== 'queued')
      return { kind: 'refused', code: 'prompt_not_queued', message: `the prompt is ${prompt.state}` };
    if (prompt.recall !== null)
      return { kind: 'refused', code: 'version_conflict', message: 'another change of this prompt is under way' };
    const wished: PromptRecord = { ...prompt, recall };
    // Nobody has seen it: what an attempt is to do is sent after its `linked` is committed, and is read from that version.
    const nobodyHasIt = task.lifecycle.state !== 'running';
    return changed(withPrompt(task, nobodyHasIt ? recalled(wished, now) : wished), ['prompt']);
  },

  prompt_recalled: (task, { promptId, recallId, recalled: isTakenBack }, { now }) => {
    const prompt = task.prompts.find(({ id }) => id === promptId);
    if (prompt?.recall?.id !== recallId) return UNCHANGED;
    return changed(withPrompt(task, isTakenBack ? recalled(prompt, now) : { ...prompt, recall: null }), ['prompt']);
  },
};
