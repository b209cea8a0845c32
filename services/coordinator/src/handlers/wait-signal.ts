import {
  type InputOf,
  type Notice,
  type OPERATIONS,
  type OutputOf,
  RoundhouseError,
  type TaskRecord,
  Uuid,
} from '@roundhouse/contracts';
import { decide } from '../domain/decide.ts';
import { firstNotice, newNotice } from '../domain/notices.ts';
import type { FeedEvent, IdempotencyStore } from '../ports.ts';
import { actingFor } from './access.ts';
import type { Caller, Deps } from './deps.ts';
import { commitChange, transition } from './transition.ts';
import { watch } from './watch.ts';

type Input = InputOf<typeof OPERATIONS.waitSignal>;
type Answer = OutputOf<typeof OPERATIONS.waitSignal>;

/** How often a claim is tried again because another waiter took the notice first: each time another one is looked for. */
const MAX_CLAIMS = 100;
const NOTHING_YET = '-';
const WAIT_FINGERPRINT = 'wait-signal';

const cursorOf = (notice: Notice): string => `${notice.taskId}.${notice.id}`;

function parseCursor(cursor: string): { taskId: string; noticeId: string } | null {
  if (cursor === NOTHING_YET) return null;
  const [taskId, noticeId, rest] = cursor.split('.');
  const valid = rest === undefined && Uuid.safeParse(taskId).success && Uuid.safeParse(noticeId).success;
  if (!valid || taskId === undefined || noticeId === undefined)
    throw new RoundhouseError('cursor_invalid', 'the cursor is not one of ours');
  return { taskId, noticeId };
}

/**
 * Waits for the next notice of any of the coordinator's tasks. A notice is taken only for a client that is still there,
 * and given back where the answer could not be handed over: a wait whose client died consumes nothing (I4).
 */
export async function waitSignal(
  deps: Deps & { idempotency: IdempotencyStore },
  caller: Caller,
  input: Input,
): Promise<Answer> {
  const coordinatorId = actingFor(caller);
  const scope = input.requestId === undefined ? null : `wait:${coordinatorId}:${input.requestId}`;
  const earlier = scope === null ? null : await deps.idempotency.begin(scope, WAIT_FINGERPRINT);
  if (earlier?.state === 'done') return JSON.parse(earlier.body) as Answer;
  if (earlier?.state === 'running')
    throw new RoundhouseError('idempotency_in_progress', 'the first wait with this requestId is still open');
  try {
    await acknowledgeCursor(deps, coordinatorId, input.cursor);
    const answer = await nextAnswer(deps, caller, coordinatorId, input);
    if (scope !== null) {
      // Only what was handed out is worth the same answer again; a wait that ran out is simply asked again.
      if (answer.notice === null) await deps.idempotency.abandon(scope);
      else await deps.idempotency.finish(scope, WAIT_FINGERPRINT, 200, JSON.stringify(answer));
      caller.onUndelivered(() => deps.idempotency.abandon(scope));
    }
    return answer;
  } catch (error) {
    if (scope !== null) await deps.idempotency.abandon(scope);
    throw error;
  }
}

async function nextAnswer(
  deps: Deps,
  caller: Caller,
  coordinatorId: string,
  { timeoutMs, cursor = NOTHING_YET }: Input,
): Promise<Answer> {
  const found = await watch<Answer>(
    { subscribe: (listener) => deps.feed.onCoordinator(coordinatorId, listener), timeoutMs, signal: caller.signal },
    async (events) => {
      const claimed = await claim(deps, caller, coordinatorId);
      if (typeof claimed !== 'number') return claimed;
      const broadcast = await heard(deps, coordinatorId, events, cursor);
      if (broadcast !== null) return broadcast;
      return claimed === 0 ? { outcome: 'nothing_live', notice: null, redelivered: false, remaining: 0, cursor } : null;
    },
  );
  if (found !== null) return found;
  return {
    outcome: 'timeout',
    notice: null,
    redelivered: false,
    remaining: await deps.store.remaining(coordinatorId),
    cursor,
  };
}

/**
 * Takes the oldest notice that nobody has, for this client alone. Where there is none: `remaining` of that very instant,
 * since a task that signals a moment later is neither in a notice that was seen nor in a count that was taken after.
 */
async function claim(deps: Deps, caller: Caller, coordinatorId: string): Promise<Answer | number | null> {
  for (let tries = 0; tries < MAX_CLAIMS; tries += 1) {
    if (caller.signal.aborted) return null;
    const { taskId, remaining } = await deps.store.nextNotice(coordinatorId, Date.parse(deps.clock.now()));
    if (taskId === null) return remaining;
    const task = await deps.store.read(taskId);
    const due = task === null ? null : firstNotice(task);
    if (task === null || due === null) continue;
    // Another wait may have taken it between the two reads. Asked after the record was read: the commit below is upon that
    // very version, so the answer still holds when it is made.
    if (!(await deps.store.noticeDue(coordinatorId, taskId, Date.parse(deps.clock.now())))) continue;
    const { notice, redelivered } = due;
    const decision = decide(
      task,
      { type: 'notice_delivered', noticeId: notice.id },
      { now: deps.clock.now(), nextId: deps.clock.nextId },
    );
    if (decision.kind !== 'changed') continue;
    // Upon exactly the version that was read: of two waiters one commits, the other looks again.
    if ((await commitChange(deps, task, decision)) === null) continue;
    const giveBack = async (): Promise<void> =>
      void (await transition(deps, taskId, { type: 'notice_returned', noticeId: notice.id }));
    if (caller.signal.aborted) {
      await giveBack();
      return null;
    }
    caller.onUndelivered(giveBack);
    return {
      outcome: notice.kind,
      notice,
      redelivered,
      remaining: await deps.store.remaining(coordinatorId),
      cursor: cursorOf(notice),
    };
  }
  throw new RoundhouseError('version_conflict', 'other waits took every notice that this one tried to take');
}

/** A landing or an end wakes every waiter, whoever took the notice. */
async function heard(
  deps: Deps,
  coordinatorId: string,
  events: readonly FeedEvent[],
  cursor: string,
): Promise<Answer | null> {
  for (const { id, event } of events) {
    const kind = event.kinds.includes('landed') ? 'landed' : event.kinds.includes('ended') ? 'ended' : null;
    if (kind === null) continue;
    const task = await deps.store.read(event.taskId);
    // What its coordinator closed itself is no news to it.
    if (task === null || (kind === 'ended' && task.closing !== null)) continue;
    deps.log.debug({ eventId: id, taskId: task.id, kind }, 'a wait was woken');
    const notice = noticeOf(deps, task, kind, event.at);
    return { outcome: kind, notice, redelivered: false, remaining: await deps.store.remaining(coordinatorId), cursor };
  }
  return null;
}

function noticeOf(deps: Deps, task: TaskRecord, kind: 'landed' | 'ended', at: string): Notice {
  if (task.delivery.state !== 'none' && task.delivery.notice.kind === kind) return task.delivery.notice;
  const { lifecycle, landing } = task;
  const commit = kind === 'landed' && landing.state === 'landed' ? landing.landedAs : null;
  const end = 'end' in lifecycle ? lifecycle.end : null;
  return newNotice(task, kind, { commit, end }, { now: at, nextId: deps.clock.nextId });
}

async function acknowledgeCursor(deps: Deps, coordinatorId: string, cursor: string | undefined): Promise<void> {
  const position = cursor === undefined ? null : parseCursor(cursor);
  if (position === null) return;
  const task = await deps.store.read(position.taskId);
  if (task === null || task.coordinatorId !== coordinatorId)
    throw new RoundhouseError('cursor_invalid', 'the cursor is not one of yours');
  await transition(deps, task.id, { type: 'notice_acknowledged', noticeId: position.noticeId });
}
