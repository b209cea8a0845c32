import type { RunnerEvent } from '@roundhouse/contracts';
import type { Event } from '../domain/events.ts';

/** What a runner reports, as what happens to its task. */
export function runnerEvent(event: RunnerEvent, attempt: number): Event {
  switch (event.type) {
    case 'agent_started':
      // The link says that already; the process id is for the log of the runner alone.
      return { type: 'linked', attempt };
    case 'activity':
      return { type: 'activity_reported', attempt, activity: event.activity };
    case 'prompt':
      return { type: 'prompt_reported', attempt, promptId: event.promptId, state: event.state, screen: event.screen };
    case 'prompt_recalled': {
      const { promptId, recallId, recalled } = event;
      return { type: 'prompt_recalled', attempt, promptId, recallId, recalled };
    }
    case 'input':
      return { type: 'input_reported', attempt, inputId: event.inputId, typed: event.typed, shown: event.shown };
    case 'published':
      return {
        type: 'published',
        attempt,
        publishId: event.publishId,
        commit: event.commit,
        dirty: event.dirty,
        untracked: event.untracked,
      };
    case 'dialog_answer': {
      const { type: _type, answerId: id, ...answer } = event;
      return { type: 'answer_reported', attempt, answer: { ...answer, id } };
    }
    case 'publish_failed':
      return { type: 'publish_failed', attempt, publishId: event.publishId, reason: event.reason };
    case 'agent_exited':
      return { type: 'agent_exited', attempt, code: event.code, signal: event.signal };
    case 'agent_resumed': {
      const { code, signal, anew } = event;
      return { type: 'agent_resumed', attempt, code, signal, anew };
    }
    case 'attempt_failed':
      return { type: 'attempt_failed', attempt, reason: event.reason };
    case 'quota_hit':
      return { type: 'quota_reported', attempt, until: event.until, reason: event.reason };
    case 'limit_hit':
      return { type: 'limit_hit', attempt, limit: event.limit, reason: event.reason };
  }
}
