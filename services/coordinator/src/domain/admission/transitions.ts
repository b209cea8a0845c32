import type { TaskRecord } from '@roundhouse/contracts';
import { end } from '../attempt-end.ts';
import { UNCHANGED, changed } from '../change.ts';
import type { Circumstances, Decision, TransitionHandler } from '../decision.ts';
import type { EventType } from '../events.ts';
import { weigh } from './dependencies.ts';

type Handlers = 'admitted' | 'dependencies_weighed' | 'dependencies_set' | 'quota_reported';

/** What admission makes of a task. That it is queued, the gate has seen. */
export const ADMISSION_HANDLERS: { readonly [T in Handlers & EventType]: TransitionHandler<T> } = {
  admitted: (task, { trial }, { now }) => {
    if (task.admission.state === 'admitted' || task.admission.by !== 'turn') return UNCHANGED;
    return changed(
      { ...task, admission: { state: 'admitted', at: now, trial } },
      ['admission'],
      [{ type: 'enqueue', taskId: task.id, attempt: task.attempt }],
    );
  },

  dependencies_weighed: (task, { facts }, circumstances) => {
    if (task.admission.state === 'admitted' || task.admission.by === 'turn') return UNCHANGED;
    const weighed = weigh(task.dependsOn, facts);
    switch (weighed.state) {
      case 'met':
        return changed({ ...task, admission: { state: 'held', by: 'turn' } }, ['admission']);
      case 'pending':
        return waiting(task, 'dependencies', weighed.reason);
      case 'failed':
        return failed(task, weighed, circumstances);
    }
  },

  dependencies_set: (task, { dependsOn, onDependencyFailure }) => {
    if (task.admission.state === 'admitted') {
      return { kind: 'refused', code: 'already_admitted', message: 'the task has been let in already' };
    }
    return changed(
      {
        ...task,
        dependsOn: [...dependsOn],
        onDependencyFailure: onDependencyFailure ?? task.onDependencyFailure,
        admission: { state: 'held', by: 'dependencies', reason: 'its dependencies are being looked at' },
      },
      ['admission'],
      [{ type: 'weigh', taskId: task.id }],
    );
  },

  // What it is will be told by the breaker, which is every task's; the trial has its answer.
  quota_reported: (task, { until, reason }, { nextId }) => {
    const { admission } = task;
    return changed(
      admission.state === 'admitted' ? { ...task, admission: { ...admission, trial: false } } : task,
      ['quota'],
      [{ type: 'quota_hit', id: nextId(), kind: task.agent.kind, taskId: task.id, until, reason }],
    );
  },
};

function waiting(task: TaskRecord, by: 'dependencies' | 'failed_dependency', reason: string): Decision {
  const { admission } = task;
  if (admission.state === 'held' && admission.by === by && admission.reason === reason) return UNCHANGED;
  return changed({ ...task, admission: { state: 'held', by, reason } }, ['admission']);
}

function failed(
  task: TaskRecord,
  { taskId, reason }: { readonly taskId: string; readonly reason: string },
  circumstances: Circumstances,
): Decision {
  return task.onDependencyFailure === 'hold'
    ? waiting(task, 'failed_dependency', `${reason}; set_dependencies or close_task`)
    : end(task, { kind: 'dependency', taskId, reason }, circumstances);
}
