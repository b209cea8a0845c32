import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient, Task } from '@roundhouse/contracts';
import { EXIT, Failure } from '../../failure.ts';
import { END_WORDS } from '../../state-words.ts';

/** An idle agent is idle at once for every wait, and no wait passes over idleness: so it is asked again this often. */
const IDLE_PAUSE_MS = 2_000;
const MAX_WAIT_MS = 50_000;

/**
 * Waits until a task has signalled or ended. It consumes no notice of the coordinator's own wait.
 * @param hears is told, once each, of what a person may want to do something about
 * @throws Failure with exit code 7 when `timeoutMs` is up, or the task's own time was; 1 where it ended without a signal
 *   in any other way but with 0
 */
export async function awaitEnd(
  client: ApiClient,
  id: string,
  timeoutMs: number | null,
  hears: (words: string) => void,
): Promise<Task> {
  const deadline = timeoutMs === null ? Infinity : performance.now() + timeoutMs;
  const told = new Set<string>();
  for (;;) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0)
      throw new Failure('the time is up, and the task has neither signalled nor ended', { exitCode: EXIT.timedOut });
    const { outcome, task } = await client.call('waitForIdle', {
      id,
      timeoutMs: Math.ceil(Math.min(leftMs, MAX_WAIT_MS)),
    });
    if (task.completion.state === 'signalled' || task.lifecycle.state === 'closed' || task.lifecycle.state === 'ended')
      return checked(task);
    if (outcome === 'timeout') continue;
    if (!told.has(outcome))
      hears(
        outcome === 'idle' ? 'the agent is idle, but has not signalled' : `the agent: ${outcome.replace('_', ' ')}`,
      );
    told.add(outcome);
    await delay(Math.max(0, Math.min(IDLE_PAUSE_MS, deadline - performance.now())));
  }
}

function checked(task: Task): Task {
  const { completion, lifecycle } = task;
  if (completion.state === 'signalled' || (lifecycle.state !== 'ended' && lifecycle.state !== 'closed')) return task;
  const { end } = lifecycle;
  if (end.kind === 'exited' && end.code === 0) return task;
  const how =
    end.kind === 'exited'
      ? `exited with ${end.code ?? end.signal ?? 'an unknown code'}`
      : `${END_WORDS[end.kind]}: ${end.reason}`;
  throw new Failure(`the task ended without a signal (${how})`, {
    hint: `See "roundhouse task output ${task.id.slice(0, 8)}".`,
    exitCode: end.kind === 'timeout' ? EXIT.timedOut : EXIT.failed,
  });
}
