import type { Notice, OPERATIONS, OutputOf, Task } from '@roundhouse/contracts';
import { Failure } from '../failure.ts';
import { oneLine, type Output } from '../output.ts';
import type { Board } from './board.ts';
import type { McpCoordinator } from './mcp-coordinator.ts';
import { type DemoTask, resolvePrompt, type Target } from './scenario.ts';

/** How long one wait lasts before it is looked whether all are still at work. */
const WAIT_MS = 10_000;

type LandOutcome = OutputOf<(typeof OPERATIONS)['mergeTask']>;

interface Made {
  readonly id: string;
  readonly plan: DemoTask;
}

export interface StoryParts {
  readonly mcp: McpCoordinator;
  readonly board: Board;
  readonly colour: Output['colour'];
  readonly target: Target;
  readonly baseBranch: string;
}

/**
 * What a coordinating agent does, from create_task to close_task, all of it by MCP tools.
 * @throws Failure where anything comes out otherwise than it must
 */
export async function runStory(tasks: readonly DemoTask[], parts: StoryParts): Promise<readonly Task[]> {
  const { mcp, board, colour } = parts;
  const made = await Promise.all(tasks.map((plan) => create(mcp, plan)));
  board.tell(`create_task ×${made.length}: each gets an agent, a worktree and a terminal of its own`);

  const signals = createSignals(parts);
  for (const { id } of made) signals.expect(id);
  await signals.all((notice) =>
    board.tell(
      `wait_for_signal_done: ${colour.bold(oneLine(notice.taskName))} says "${oneLine(notice.summary ?? '')}"`,
    ),
  );

  const landing = made.filter(({ plan }) => plan.fate === 'lands');
  for (const [index, task] of landing.entries()) {
    const outcome = index === 0 ? await reviewAndLand(parts, task) : await reviewThenMerge(parts, task);
    if (outcome.outcome !== 'landed') throw unexpected(task, outcome);
  }

  const conflicting = made.filter(({ plan }) => plan.fate === 'conflicts');
  for (const task of conflicting) await meetConflict(parts, task);
  const [resolved, given] = conflicting;
  if (resolved !== undefined) {
    await mcp.call('promptTask', { taskId: resolved.id, prompt: resolvePrompt(parts.target, parts.baseBranch) });
    board.tell(
      `send_prompt: ${colour.bold(resolved.plan.name)} is told to merge ${parts.baseBranch} and keep both wordings`,
    );
    signals.expect(resolved.id);
    await signals.all((notice) =>
      board.tell(
        `wait_for_signal_done: ${colour.bold(oneLine(notice.taskName))} says "${oneLine(notice.summary ?? '')}"`,
      ),
    );
    const outcome = await reviewThenMerge(parts, resolved);
    if (outcome.outcome !== 'landed') throw unexpected(resolved, outcome);
  }

  const closed = await Promise.all(made.map(({ id }) => close(mcp, id)));
  board.tell('close_task ×8: every agent is gone with all that it started, its work kept under an archive ref');
  const kept = closed.find(({ id }) => id === given?.id)?.lifecycle;
  if (given !== undefined && kept?.state === 'closed') {
    board.tell(
      `${colour.bold(given.plan.name)} did not land; its work is kept as ${colour.cyan(kept.archiveRefs.join(', '))}`,
    );
  }
  const last = await mcp.call('waitSignal', { timeoutMs: 0, cursor: signals.cursor() });
  board.tell(`wait_for_signal_done: ${last.outcome}, remaining ${last.remaining}`);
  return closed;
}

async function create(mcp: McpCoordinator, plan: DemoTask): Promise<Made> {
  const { id } = await mcp.call('createTask', { name: plan.name, prompt: plan.prompt, agent: { kind: 'scripted' } });
  return { id, plan };
}

/** Hands out the signals of the tasks that are waited for; acknowledges each by the cursor of the next call. */
function createSignals({ mcp }: StoryParts) {
  const expected = new Set<string>();
  let cursor: string | undefined;
  return {
    cursor: () => cursor,
    expect: (taskId: string): void => void expected.add(taskId),
    async all(onSignal: (notice: Notice) => void): Promise<void> {
      while (expected.size > 0) {
        const given = cursor === undefined ? {} : { cursor };
        const answer = await mcp.call('waitSignal', { timeoutMs: WAIT_MS, ...given });
        cursor = answer.cursor;
        if (answer.outcome === 'timeout') await Promise.all([...expected].map((taskId) => assertAtWork(mcp, taskId)));
        if (answer.outcome === 'nothing_live')
          throw new Failure('tasks are missing: nothing is live, but not all have signalled');
        const { notice } = answer;
        // A landing is told as well; and a signal that was handed out twice is known already.
        if (notice === null || !expected.has(notice.taskId)) continue;
        if (notice.kind === 'ended') throw await endedFailure(mcp, notice);
        if (notice.kind !== 'signal') continue;
        expected.delete(notice.taskId);
        onSignal(notice);
      }
    },
  };
}

/** review_and_merge_task: the diff and the commit it is of, then the landing of exactly that commit. */
async function reviewAndLand({ mcp, board, colour }: StoryParts, { id, plan }: Made): Promise<LandOutcome> {
  const review = await mcp.call('reviewMerge', { taskId: id });
  if (review.outcome !== 'review' || review.diff === null)
    throw new Failure(`${plan.name}: review_and_merge_task answered ${review.outcome}`);
  const outcome = await mcp.call('reviewMerge', { taskId: id, reviewedCommit: review.diff.commit });
  if (outcome.outcome === 'review') throw new Failure(`${plan.name}: a reviewed commit was not landed`);
  board.tell(
    `review_and_merge_task: ${colour.bold(plan.name)}, ${filesWords(review.diff)}: ${colour.green(outcome.outcome)}`,
  );
  return { ...outcome, outcome: outcome.outcome };
}

/** get_task_diff, then merge_task. */
async function reviewThenMerge({ mcp, board, colour }: StoryParts, { id, plan }: Made): Promise<LandOutcome> {
  const diff = await mcp.call('readDiff', { taskId: id });
  if (diff.files.length === 0) throw new Failure(`${plan.name}: its diff is empty`);
  const outcome = await mcp.call('mergeTask', { taskId: id });
  board.tell(
    `get_task_diff, merge_task: ${colour.bold(plan.name)}, ${filesWords(diff)}: ${colour.green(outcome.outcome)}`,
  );
  return outcome;
}

async function meetConflict({ mcp, board, colour, target }: StoryParts, task: Made): Promise<void> {
  const answer = await mcp.call('mergeTask', { taskId: task.id });
  if (answer.outcome !== 'conflicted' || answer.landing.state !== 'conflicted') throw unexpected(task, answer);
  const { files } = answer.landing;
  if (!files.some(({ path }) => path === target.path)) throw new Failure(`the conflict does not name ${target.path}`);
  const shown = JSON.stringify({ outcome: answer.outcome, files });
  board.tell(`merge_task: ${colour.bold(task.plan.name)} → ${colour.red(shown)}`);
  board.tell(`${' '.repeat(12)}${colour.dim(`next: ${oneLine(answer.next)}`)}`);
}

async function close(mcp: McpCoordinator, taskId: string): Promise<Task> {
  // "closing" is asked again: each answer comes after at most 55 s, and the demo as a whole has a bound.
  for (;;) {
    const { outcome, task } = await mcp.call('closeTask', { taskId });
    if (outcome === 'closed') return task;
  }
}

/** A scripted agent that met an error in its script says so, is idle, and would be so for ever. */
async function assertAtWork(mcp: McpCoordinator, taskId: string): Promise<void> {
  const { name, activity, completion, prompts } = await mcp.call('getTask', { taskId });
  const idle = activity.state === 'idle' && prompts.every(({ state }) => state === 'accepted');
  // Signalled meanwhile: the next wait hands it out.
  if (!idle || completion.state === 'signalled') return;
  throw new Failure(`${name} is idle and has not signalled; its terminal says: ${await lastWords(mcp, taskId)}`);
}

const lastWords = async (mcp: McpCoordinator, taskId: string): Promise<string> =>
  oneLine((await mcp.call('readOutput', { taskId, tail: true })).text).slice(-600);

async function endedFailure(mcp: McpCoordinator, notice: Notice): Promise<Failure> {
  const how = JSON.stringify(notice.end);
  const words = await lastWords(mcp, notice.taskId);
  return new Failure(`${oneLine(notice.taskName)} ended (${how}) without a signal; its terminal says: ${words}`);
}

const unexpected = ({ plan }: Made, { outcome, landing, next }: LandOutcome): Failure =>
  new Failure(`${plan.name}: the landing came out as "${outcome}" (${JSON.stringify(landing)})`, {
    hint: oneLine(next),
  });

const filesWords = (diff: OutputOf<(typeof OPERATIONS)['readDiff']>): string =>
  diff.files.map(({ path, added, removed }) => `${oneLine(path)} +${added ?? '?'} -${removed ?? '?'}`).join(', ');
