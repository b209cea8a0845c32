import type { TaskRecord } from '@roundhouse/contracts';
import { changed } from './change.ts';
import type { Decision } from './decision.ts';
import type { EventOf } from './events.ts';
import { nextActivity } from './regions/activity.ts';

const KEPT_RESUMES = 8;

/** The agent died, and its runner has started it again: the attempt goes on, and what it had shown counts no more. */
export function resumed(task: TaskRecord, event: EventOf<'agent_resumed'>, now: string): Decision {
  const { attempt, code, signal, anew } = event;
  return changed(
    {
      ...task,
      activity: nextActivity(task.activity, 'linked', now),
      resumes: [...task.resumes, { attempt, code, signal, anew, at: now }].slice(-KEPT_RESUMES),
    },
    ['resumed', 'activity'],
  );
}
