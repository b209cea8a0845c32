import type { TaskEventKind, TaskRecord } from '@roundhouse/contracts';
import type { Change, Decision } from './decision.ts';
import type { Effect } from './events.ts';

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
