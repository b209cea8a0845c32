import {
  type InputOf,
  type Notice,
  type OPERATIONS,
  type OutputOf,
  RoundhouseError,
  Uuid,
} from '@roundhouse/contracts';
import type { IdempotencyStore } from '../ports/idempotency.ts';
import { actingFor } from './access.ts';
import type { Caller, Deps } from './deps.ts';
import { transition } from './transition.ts';

type Input = InputOf<typeof OPERATIONS.waitSignal>;
type Answer = OutputOf<typeof OPERATIONS.waitSignal>;

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
  // Before anything is answered again: what the caller says that it has, it has, whatever request it says it with.
  await acknowledgeCursor(deps, coordinatorId, input.cursor);
  const scope = input.requestId === undefined ? null : `wait:${coordinatorId}:${input.requestId}`;
  const earlier = scope === null ? null : await deps.idempotency.begin(scope, WAIT_FINGERPRINT);
  if (earlier?.state === 'done') return JSON.parse(earlier.body) as Answer;
  if (earlier?.state === 'running')
    throw new RoundhouseError('idempotency_in_progress', 'the first wait with this requestId is still open');
  try {
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
  const handed = await deps.notices.wait(coordinatorId, caller, timeoutMs);
  const nothing = { notice: null, redelivered: false, cursor } as const;
  switch (handed?.kind) {
    case 'claimed': {
      const { notice, redelivered, remaining } = handed;
      return { outcome: notice.kind, notice, redelivered, remaining, cursor: cursorOf(notice) };
    }
    case 'heard':
      return { ...nothing, outcome: handed.outcome, notice: handed.notice, remaining: handed.remaining };
    case 'nothing_live':
      return { ...nothing, outcome: 'nothing_live', remaining: 0 };
    case undefined:
      return { ...nothing, outcome: 'timeout', remaining: await deps.store.remaining(coordinatorId) };
  }
}

/** @throws RoundhouseError `cursor_invalid` where it is not one of this coordinator’s. */
export async function acknowledgeCursor(deps: Deps, coordinatorId: string, cursor: string | undefined): Promise<void> {
  const position = cursor === undefined ? null : parseCursor(cursor);
  if (position === null) return;
  const task = await deps.store.read(position.taskId);
  if (task === null || task.coordinatorId !== coordinatorId)
    throw new RoundhouseError('cursor_invalid', 'the cursor is not one of yours');
  await transition(deps, task.id, { type: 'notice_acknowledged', noticeId: position.noticeId });
}
