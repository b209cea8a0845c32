import type { Notice, TaskEventKind, TaskRecord } from '@roundhouse/contracts';
import type { Change, Circumstances, Decision } from './decision.ts';
import type { Effect } from './events.ts';
import { nextDelivery } from './regions/delivery.ts';

export const UNCHANGED: Decision = { kind: 'unchanged' };

export const changed = (
  task: TaskRecord,
  kinds: readonly TaskEventKind[],
  effects: readonly Effect[] = [],
): Change => ({
  kind: 'changed',
  task,
  kinds,
  effects,
});

/** Puts a notice on its way to a waiter. */
export function raise(
  task: TaskRecord,
  kind: Notice['kind'],
  fields: Partial<Notice>,
  { now, nextId }: Circumstances,
): TaskRecord {
  const notice: Notice = {
    id: nextId(),
    taskId: task.id,
    taskName: task.name,
    kind,
    epoch: task.attempt,
    commit: null,
    summary: null,
    end: null,
    at: now,
    ...fields,
  };
  return { ...task, delivery: nextDelivery(task.delivery, { type: 'raised', notice }) };
}
