import type { ApiClient, Task } from '@roundhouse/contracts';
import { EXIT, Failure } from '../../failure.ts';
import { eventsFromNow, nextEvents } from '../../follow-events.ts';
import { END_WORDS } from '../../state-words.ts';

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
  // Before the first look: what happens after it is told.
  let cursor = await eventsFromNow(client);
  for (;;) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0)
      throw new Failure('the time is up, and the task has neither signalled nor ended', { exitCode: EXIT.timedOut });
    // With no time to wait it is a look: what the agent needs now, in the words of the service.
    const { outcome, task } = await client.call('waitForIdle', { id, timeoutMs: 0 });
    if (task.completion.state === 'signalled' || task.lifecycle.state === 'closed' || task.lifecycle.state === 'ended')
      return checked(task);
    if (outcome !== 'timeout' && !told.has(outcome)) {
      hears(
        outcome === 'idle' ? 'the agent is idle, but has not signalled' : `the agent: ${outcome.replace('_', ' ')}`,
      );
      told.add(outcome);
    }
    ({ cursor } = await nextEvents(client, cursor, { taskIds: [id], leftMs }));
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
