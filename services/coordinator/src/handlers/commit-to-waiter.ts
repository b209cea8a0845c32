import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Notice, TaskRecord } from '@roundhouse/contracts';
import { decide } from '../domain/decide.ts';
import type { Change } from '../domain/decision.ts';
import { firstNotice } from '../domain/notices.ts';
import { commitChange, type TransitionOptions, versioned } from './commit-change.ts';
import type { Deps } from './deps.ts';
import type { NoticeDesk, ReservedPlace } from './notice-desk.ts';

/** `notices`: where the waits of this process stand; without it every notice is fetched by whoever hears of it. */
export type Committing = Pick<Deps, 'store' | 'clock'> & { readonly notices?: Pick<NoticeDesk, 'reserve'> };

/** The notice that a change puts on its way; null where it puts none, or another one of the task comes first. */
function raisedBy(before: TaskRecord, after: TaskRecord): Notice | null {
  const first = firstNotice(after);
  if (first?.deliveredAt !== null || first.notice.id === firstNotice(before)?.notice.id) return null;
  return first.notice;
}

/**
 * Commits a change of exactly the version that was read, as `commitChange`. Where it puts a notice on its way and somebody of
 * this process waits for one, the very commit hands it out as well: the waiter is answered when it is done, with nothing read
 * in between; `giveBack` is for a waiter that has gone. One that stands has looked and found nothing, so it overtakes nobody that was there before it.
 */
export async function commitToWaiter(
  deps: Committing,
  read: TaskRecord,
  change: Change,
  options: TransitionOptions,
  giveBack: (noticeId: string) => Promise<void>,
): Promise<TaskRecord | null> {
  const { coordinatorId } = change.task;
  const notice = raisedBy(read, change.task);
  const place = notice === null ? null : (deps.notices?.reserve(coordinatorId) ?? null);
  if (notice === null || place === null) return await commitChange(deps, read, change, options);
  try {
    const delivery = decide(
      change.task,
      { type: 'notice_delivered', noticeId: notice.id },
      { now: deps.clock.now(), nextId: deps.clock.nextId },
    );
    if (delivery.kind !== 'changed') return await commitChange(deps, read, change, options);
    const both: Change = {
      kind: 'changed',
      task: delivery.task,
      kinds: [...new Set([...change.kinds, ...delivery.kinds])],
      effects: [...change.effects, ...delivery.effects],
    };
    const commit = versioned(deps, read, both, options);
    const remaining = await deps.store.commitAndCount(commit);
    if (remaining === null) return null;
    await give(place, notice, remaining, () => giveBack(notice.id));
    // Its answer is written before anything else that comes of this commit, such as the acknowledgement of what led to it.
    await nextTurn();
    return commit.task;
  } finally {
    place.release();
  }
}

async function give(
  place: ReservedPlace,
  notice: Notice,
  remaining: number,
  giveBack: () => Promise<void>,
): Promise<void> {
  if (place.waiter.signal.aborted) return await giveBack();
  place.waiter.onUndelivered(giveBack);
  place.give({ kind: 'claimed', notice, redelivered: false, remaining });
}
