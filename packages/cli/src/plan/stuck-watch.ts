import type { Task } from '@roundhouse/contracts';
import { oneLine } from '../output.ts';
import type { Verdict } from './task-result.ts';

/**
 * Nobody is there to answer an agent of a headless run, so one that has been idle, or waiting for an answer, for `idleMs`
 * without a signal fails, and so does one whose prompt could not be delivered. Times are of the caller's own clock, from
 * when it first saw a state: two hosts' clocks are not compared.
 */
export function createStuckWatch(idleMs: number, now: () => number = () => performance.now()) {
  const seen = new Map<string, { readonly key: string; readonly sinceMs: number }>();
  return (task: Task): Verdict | null => {
    const { activity, lifecycle, completion, prompts, questions } = task;
    const [asked] = questions;
    const lost = prompts.find(({ state }) => state === 'undelivered');
    if (lost !== undefined) {
      return { outcome: 'failed', kind: 'undelivered', reason: 'its prompt could not be delivered to the agent' };
    }
    const rests =
      lifecycle.state === 'running' &&
      completion.state !== 'signalled' &&
      (activity.state === 'idle' || activity.state === 'waiting_input' || asked !== undefined) &&
      prompts.every(({ state }) => state === 'accepted');
    if (!rests) {
      seen.delete(task.id);
      return null;
    }
    const key = asked?.id ?? `${activity.state} ${activity.at}`;
    const known = seen.get(task.id);
    if (known?.key !== key) {
      seen.set(task.id, { key, sinceMs: now() });
      return null;
    }
    if (now() - known.sinceMs < idleMs) return null;
    const what =
      activity.state === 'idle' && asked === undefined
        ? 'is idle and has not signalled'
        : 'waits for an answer that nobody gives';
    const text = asked?.text ?? activity.question?.text;
    const question = text === undefined ? '' : `: ${oneLine(text).slice(0, 300)}`;
    return { outcome: 'failed', kind: 'stuck', reason: `the agent ${what}${question}` };
  };
}
