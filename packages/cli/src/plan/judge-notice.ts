import { type End, type Notice, RoundhouseError, type Task } from '@roundhouse/contracts';
import { oneLine } from '../output.ts';
import type { Call } from './patient-call.ts';
import type { PlannedTask } from './read-plan.ts';
import type { Verdict } from './task-result.ts';

/** What a task said. Its summary is the agent's own words. */
export type Word = Pick<Notice, 'taskId' | 'commit' | 'summary' | 'end'> & {
  readonly kind: 'signal' | 'landed' | 'ended';
};

/** A task that has been created, and what is remembered of it. */
export interface LiveTask {
  readonly plan: PlannedTask;
  readonly id: string;
  readonly branch: string;
  summary: string | null;
  wasToldOfConflict: boolean;
}

/**
 * What a signal, a landing or an end means for a task: its verdict, or null where it goes on. Lands what is to be landed.
 * An error of the service's table is a verdict too; others are the caller's.
 */
export async function judgeNotice(call: Call, task: LiveTask, notice: Word): Promise<Verdict | null> {
  task.summary = notice.summary ?? task.summary;
  try {
    if (notice.kind === 'landed') return { outcome: 'passed', commit: null, landedAs: notice.commit };
    if (notice.kind === 'signal') return await judgeSignal(call, task, notice.commit);
    const now = await call('getTask', { id: task.id });
    // An agent that signals and exits has said its last word before its end.
    if (now.completion.state === 'signalled' && now.landing.state === 'none') {
      return await judgeSignal(call, task, now.completion.signal.commit);
    }
    return judgeEnd(task, notice.end ?? endOf(now));
  } catch (error) {
    if (!(error instanceof RoundhouseError) || error.status >= 500) throw error;
    return { outcome: 'failed', kind: 'landing_failed', reason: `${error.code}: ${oneLine(error.message)}` };
  }
}

async function judgeSignal(call: Call, task: LiveTask, commit: string | null): Promise<Verdict | null> {
  if (!task.plan.land) return { outcome: 'passed', commit, landedAs: null };
  // "landing" is asked again: each answer comes after at most 55 s, and the run as a whole has a bound.
  for (;;) {
    const { outcome, landing } = await call('mergeTask', { id: task.id });
    if (outcome === 'landing') continue;
    if (landing.state === 'landed') return { outcome: 'passed', commit, landedAs: landing.landedAs };
    if (landing.state === 'conflicted') {
      return meetConflict(
        call,
        task,
        landing.files.map(({ path }) => path),
        landing.target,
      );
    }
    const why = landing.state === 'failed' ? oneLine(landing.reason) : `it is ${landing.state}`;
    return { outcome: 'failed', kind: 'landing_failed', reason: `its landing failed: ${why}` };
  }
}

async function meetConflict(call: Call, task: LiveTask, files: readonly string[], target: string) {
  const { conflictPrompt } = task.plan;
  if (conflictPrompt !== null && !task.wasToldOfConflict) {
    task.wasToldOfConflict = true;
    await call('promptTask', { id: task.id, prompt: conflictPrompt }, { idempotencyKey: `conflict-${task.id}` });
    return null;
  }
  const reason = `its commit conflicts with ${target} in ${files.map(oneLine).join(', ')}`;
  return { outcome: 'failed', kind: 'conflicted', reason } as const;
}

function judgeEnd({ plan }: LiveTask, end: End | null): Verdict {
  if (end === null) return { outcome: 'failed', kind: 'lost', reason: 'it ended, and nobody knows how' };
  if (end.kind !== 'exited')
    return { outcome: 'failed', kind: end.kind, reason: `${END_WORDS[end.kind]}: ${oneLine(end.reason)}` };
  if (end.code === 0 && !plan.land) return { outcome: 'passed', commit: null, landedAs: null };
  const how = end.code === null ? `was ended by ${end.signal ?? 'an unknown signal'}` : `exited with code ${end.code}`;
  return { outcome: 'failed', kind: 'exited', reason: `the agent ${how} without a signal` };
}

const END_WORDS = {
  failed: 'it could not run',
  lost: 'its runner was lost',
  cancelled: 'it was cancelled',
  oom: 'it used more memory than it may',
  timeout: 'it ran for longer than it may',
  disk: 'it used more disk than it may',
  dependency: 'what it depends on came to nothing',
} as const satisfies Record<Exclude<End['kind'], 'exited'>, string>;

const endOf = ({ lifecycle }: Task): End | null => ('end' in lifecycle ? lifecycle.end : null);
