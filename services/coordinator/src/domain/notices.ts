import type { Notice, SideNotice, TaskRecord } from '@roundhouse/contracts';
import type { Circumstances } from './decision.ts';
import { type DeliveryInput, isHeard, nextDelivery } from './regions/delivery.ts';

/** How many side notices a task has at most; open questions are fewer and are never dropped. */
const MAX_SIDE_NOTICES = 16;

export function newNotice(
  task: TaskRecord,
  kind: Notice['kind'],
  fields: Partial<Notice>,
  { now, nextId }: Circumstances,
): Notice {
  return {
    id: nextId(),
    taskId: task.id,
    taskName: task.name,
    kind,
    epoch: task.attempt,
    commit: null,
    summary: null,
    end: null,
    question: null,
    report: null,
    typed: null,
    at: now,
    ...fields,
  };
}

/** Puts the newest word of a task on its way to a waiter: it says all that the word before it said. */
export function raise(
  task: TaskRecord,
  kind: 'signal' | 'landed' | 'ended',
  fields: Partial<Notice>,
  circumstances: Circumstances,
): TaskRecord {
  const notice = newNotice(task, kind, fields, circumstances);
  return { ...task, delivery: nextDelivery(task.delivery, { type: 'raised', notice }) };
}

/**
 * Puts something on its way that no later word says too. Of reports and handed-back keyboards the oldest makes room where
 * there are too many: the task's own record has them.
 */
export function raiseBeside(
  task: TaskRecord,
  kind: 'question' | 'report' | 'control',
  fields: Partial<Notice>,
  circumstances: Circumstances,
): TaskRecord {
  const { sideNotices } = task;
  const droppable = sideNotices.length < MAX_SIDE_NOTICES ? undefined : sideNotices.find(isDroppable);
  const kept = sideNotices.filter((entry) => entry !== droppable);
  return {
    ...task,
    sideNotices: [...kept, { state: 'pending', notice: newNotice(task, kind, fields, circumstances), heard: false }],
  };
}

const isDroppable = ({ notice }: SideNotice): boolean => notice.kind !== 'question';

/** Takes back what nobody needs to hear any more. */
export function dropBeside(task: TaskRecord, isMoot: (notice: Notice) => boolean): TaskRecord {
  const sideNotices = task.sideNotices.filter(({ notice }) => !isMoot(notice));
  return sideNotices.length === task.sideNotices.length ? task : { ...task, sideNotices };
}

/** What became of a notice that was on its way: the task itself where nothing changed. */
export function stepNotice(task: TaskRecord, input: Exclude<DeliveryInput, { type: 'raised' }>): TaskRecord {
  const index = task.sideNotices.findIndex(({ notice }) => notice.id === input.noticeId);
  if (index === -1) {
    const delivery = nextDelivery(task.delivery, input);
    return delivery === task.delivery ? task : { ...task, delivery };
  }
  const entry = task.sideNotices[index] as SideNotice;
  if (input.type === 'acknowledged') return { ...task, sideNotices: task.sideNotices.toSpliced(index, 1) };
  if (input.type === 'returned' && entry.state === 'pending') return task;
  const { notice, heard } = entry;
  const next: SideNotice =
    input.type === 'returned'
      ? { state: 'pending', notice, heard }
      : { state: 'delivered', notice, at: input.at, heard: isHeard(entry) };
  return { ...task, sideNotices: task.sideNotices.with(index, next) };
}

export interface FirstNotice {
  readonly notice: Notice;
  /** When a waiter was given it last; null: nobody has it. */
  readonly deliveredAt: string | null;
  /** Whether whoever is given it now may not be the first. */
  readonly redelivered: boolean;
}

/** The task's notice that may be handed out first, of both kinds: what nobody has comes before what somebody had. */
export function firstNotice({ delivery, sideNotices }: TaskRecord): FirstNotice | null {
  const entries = delivery.state === 'none' || delivery.state === 'acknowledged' ? [] : [delivery];
  const waiting = [...entries, ...sideNotices].map((entry) => ({
    notice: entry.notice,
    deliveredAt: entry.state === 'delivered' ? entry.at : null,
    redelivered: isHeard(entry),
  }));
  const place = ({ notice, deliveredAt }: FirstNotice): string =>
    deliveredAt === null ? `0${notice.at}` : `1${deliveredAt}`;
  return waiting.toSorted((one, other) => (place(one) < place(other) ? -1 : 1))[0] ?? null;
}
