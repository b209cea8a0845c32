import { DEFAULT_LIMITS, type TaskRecord } from '@roundhouse/contracts';
import { type NewTask, newTask } from '../domain/new-task.ts';

/** An id that says of itself that it is made up: a digit or two, in the form of a UUID. */
export const sampleId = (digits: number): string => `00000000-0000-4000-8000-${String(digits).padStart(12, '0')}`;

/** What is wanted of a task of nothing in particular: a test says what matters to it. */
export const sampleTask = (more: Partial<NewTask> = {}): NewTask => ({
  id: sampleId(1),
  coordinatorId: sampleId(2),
  projectId: sampleId(3),
  name: 'a task',
  baseBranch: 'main',
  agent: { kind: 'scripted' },
  limits: DEFAULT_LIMITS,
  image: null,
  allowLandSelf: true,
  promptId: sampleId(4),
  promptBytes: 2,
  ...more,
});

/** The first record of such a task, which nothing holds. */
export const queuedTask = (more: Partial<NewTask> = {}, now = '2026-01-01T00:00:00.000Z'): TaskRecord =>
  newTask(sampleTask(more), now);
