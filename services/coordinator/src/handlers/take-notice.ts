import { type Notice, RoundhouseError, type TaskRecord } from '@roundhouse/contracts';
import { decide } from '../domain/decide.ts';
import { firstNotice, newNotice } from '../domain/notices.ts';
import type { FeedEvent } from '../ports/events.ts';
import type { Deps } from './deps.ts';
import type { DeskWork, Handed, Waiter } from './notice-desk.ts';
import { commitChange } from './commit-change.ts';
import { transition } from './transition.ts';

/** How often a claim is tried again because another waiter took the notice first: each time another one is looked for. */
const MAX_CLAIMS = 100;

type Taking = Pick<Deps, 'store' | 'clock' | 'log'>;

export const noticeWork = (deps: Taking): DeskWork => ({
  claim: (coordinatorId, waiter) => claim(deps, coordinatorId, waiter),
  news: (coordinatorId, events) => news(deps, coordinatorId, events),
});

/**
 * Takes the oldest notice that nobody has, for this client alone. Where there is none: `remaining` of that very instant,
 * since a task that signals a moment later is neither in a notice that was seen nor in a count that was taken after.
 */
async function claim(deps: Taking, coordinatorId: string, waiter: Waiter): Promise<Handed | number | null> {
  for (let tries = 0; tries < MAX_CLAIMS; tries += 1) {
    if (waiter.signal.aborted) return null;
    const { task, remaining } = await deps.store.nextNotice(coordinatorId);
    if (task === null) return remaining;
    const first = firstNotice(task);
    if (first === null) throw new Error(`task ${task.id} has no notice to hand out`);
    const { notice, redelivered } = first;
    const circumstances = { now: deps.clock.now(), nextId: deps.clock.nextId };
    const decision = decide(task, { type: 'notice_delivered', noticeId: notice.id }, circumstances);
    if (decision.kind !== 'changed') throw new Error(`the notice of task ${task.id} cannot be handed out`);
    // Upon exactly the version that was read: of two waiters one commits, the other looks again.
    if ((await commitChange(deps, task, decision)) === null) continue;
    const giveBack = async (): Promise<void> =>
      void (await transition(deps, task.id, { type: 'notice_returned', noticeId: notice.id }));
    if (waiter.signal.aborted) {
      await giveBack();
      return null;
    }
    waiter.onUndelivered(giveBack);
    return { kind: 'claimed', notice, redelivered, remaining };
  }
  throw new RoundhouseError('version_conflict', 'other waits took every notice that this one tried to take');
}

/** A landing or an end wakes every waiter, whoever took the notice. */
async function news(
  deps: Taking,
  coordinatorId: string,
  events: readonly FeedEvent[],
): Promise<{ at: number; handed: Handed } | null> {
  for (const [at, { id, event }] of events.entries()) {
    const kind = event.kinds.includes('landed') ? 'landed' : event.kinds.includes('ended') ? 'ended' : null;
    if (kind === null) continue;
    const task = await deps.store.read(event.taskId);
    // What its coordinator closed itself is no news to it.
    if (task === null || (kind === 'ended' && task.closing !== null)) continue;
    deps.log.debug({ eventId: id, taskId: task.id, kind }, 'waits were woken');
    const notice = noticeOf(deps, task, kind, event.at);
    const remaining = await deps.store.remaining(coordinatorId);
    return { at, handed: { kind: 'heard', outcome: kind, notice, remaining } };
  }
  return null;
}

function noticeOf(deps: Taking, task: TaskRecord, kind: 'landed' | 'ended', at: string): Notice {
  if (task.delivery.state !== 'none' && task.delivery.notice.kind === kind) return task.delivery.notice;
  const { lifecycle, landing } = task;
  const commit = kind === 'landed' && landing.state === 'landed' ? landing.landedAs : null;
  const end = 'end' in lifecycle ? lifecycle.end : null;
  return newNotice(task, kind, { commit, end }, { now: at, nextId: deps.clock.nextId });
}
