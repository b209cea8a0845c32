import type { End, Task } from '@roundhouse/contracts';
import { oneLine } from './output.ts';

/** How an attempt ended, in a word or two. */
export const END_WORDS: Readonly<Record<End['kind'], string>> = {
  exited: 'exited',
  failed: 'failed',
  lost: 'lost',
  cancelled: 'cancelled',
  oom: 'out of memory',
  timeout: 'out of time',
  disk: 'out of disk',
  dependency: 'a dependency came to nothing',
};

/** Where a task stands, in a few words; the later fact wins. */
export function stateWords({ lifecycle, landing, completion, activity, admission }: Task): string {
  if (lifecycle.state === 'closed') return landing.state === 'landed' ? 'landed, closed' : 'closed, work archived';
  if (landing.state === 'landed') return `landed as ${landing.landedAs.slice(0, 8)}`;
  if (landing.state === 'queued') return 'landing';
  if (
    landing.state === 'conflicted' &&
    completion.state === 'signalled' &&
    completion.signal.commit === landing.commit
  ) {
    return activity.state === 'busy'
      ? 'conflicted, resolving'
      : `conflicted in ${landing.files.map((file) => oneLine(file.path)).join(', ')}`;
  }
  if (landing.state === 'failed') return `landing failed: ${oneLine(landing.reason)}`;
  if (completion.state === 'signalled') return `signalled ${completion.signal.commit.slice(0, 8)}`;
  if (completion.state === 'refused') return `signal refused: ${oneLine(completion.reason)}`;
  if (lifecycle.state === 'ended') return `ended: ${END_WORDS[lifecycle.end.kind]}`;
  if (lifecycle.state === 'queued' && admission.state === 'held') return `held: ${admission.why.replace('_', ' ')}`;
  return lifecycle.state === 'running' ? activity.state.replace('_', ' ') : lifecycle.state;
}
