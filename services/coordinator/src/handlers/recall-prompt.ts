import {
  type InputOf,
  type OPERATIONS,
  type PromptReceipt,
  type PromptRecall,
  type PromptRecord,
  RoundhouseError,
  type TaskRecord,
} from '@roundhouse/contracts';
import { receiptOf } from '../domain/derived.ts';
import { ownTask } from './access.ts';
import { idFor, promptBytes } from './create-task.ts';
import type { Caller, Deps } from './deps.ts';
import { readTask, transition } from './transition.ts';
import { watch } from './watch.ts';

/** How long a caller is kept waiting for the runner's word, ms. A runner that is silent for longer is lost by then. */
const RECALL_WAIT_MS = 50_000;

type Ops = typeof OPERATIONS;

export async function editPrompt(
  deps: Deps,
  caller: Caller,
  { id, promptId, prompt }: InputOf<Ops['editPrompt']>,
): Promise<PromptReceipt> {
  const bytes = promptBytes(prompt);
  const recall = { kind: 'edit', id: idFor(deps, caller, `edit of ${promptId}`), bytes } as const;
  return await recallPrompt(deps, caller, { taskId: id, promptId, recall }, prompt);
}

export async function withdrawPrompt(
  deps: Deps,
  caller: Caller,
  { id, promptId }: InputOf<Ops['withdrawPrompt']>,
): Promise<PromptReceipt> {
  const recall = { kind: 'withdraw', id: idFor(deps, caller, `withdrawal of ${promptId}`) } as const;
  return await recallPrompt(deps, caller, { taskId: id, promptId, recall });
}

interface Recall {
  readonly taskId: string;
  readonly promptId: string;
  readonly recall: PromptRecall;
}

/** Commits the wish and waits until the runner has said whether it came in time, where there is one to say so. */
async function recallPrompt(
  deps: Deps,
  caller: Caller,
  { taskId, promptId, recall }: Recall,
  text?: string,
): Promise<PromptReceipt> {
  await ownTask(deps, caller, taskId);
  const asked = await transition(
    deps,
    taskId,
    { type: 'prompt_recall_requested', promptId, recall },
    text === undefined ? {} : { prompt: { id: recall.id, text } },
  );
  const revision = promptOf(asked, promptId).revision;
  const settled = await watch(
    { subscribe: (listener) => deps.feed.onTask(taskId, listener), timeoutMs: RECALL_WAIT_MS, signal: caller.signal },
    async () => {
      const task = await readTask(deps, taskId);
      return promptOf(task, promptId).recall?.id === recall.id ? null : task;
    },
  );
  if (settled === null)
    throw new RoundhouseError('runner_away', 'the runner has not said yet whether it has begun with the prompt');
  const prompt = promptOf(settled, promptId);
  // A later edit may have been put on top of this one meanwhile.
  const isDone =
    recall.kind === 'withdraw'
      ? prompt.state === 'withdrawn'
      : prompt.textId === recall.id || prompt.revision > revision;
  if (!isDone)
    throw new RoundhouseError('prompt_not_queued', 'the agent was given the prompt before it could be taken back');
  return receiptOf(settled, prompt);
}

function promptOf(task: TaskRecord, promptId: string): PromptRecord {
  const prompt = task.prompts.find(({ id }) => id === promptId);
  if (prompt === undefined) throw new RoundhouseError('prompt_not_found', `the task has no prompt ${promptId}`);
  return prompt;
}
