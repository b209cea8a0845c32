import type { Activity } from '@roundhouse/contracts';

type State = Activity['state'];
type Input = 'linked' | 'prompt_accepted' | 'attempt_over';

/**
 * What the service itself knows of activity; everything else is the runner's report. An accepted prompt takes back an
 * idle or waiting report, since that was seen before the prompt: without it a wait for idle would return at once.
 */
export const ACTIVITY_CELLS: Readonly<Record<State, Readonly<Record<Input, State>>>> = {
  booting: { linked: 'booting', prompt_accepted: 'unknown', attempt_over: 'unknown' },
  busy: { linked: 'booting', prompt_accepted: 'busy', attempt_over: 'unknown' },
  idle: { linked: 'booting', prompt_accepted: 'unknown', attempt_over: 'unknown' },
  waiting_input: { linked: 'booting', prompt_accepted: 'unknown', attempt_over: 'unknown' },
  unknown: { linked: 'booting', prompt_accepted: 'unknown', attempt_over: 'unknown' },
};

export function nextActivity(activity: Activity, input: Input, at: string): Activity {
  const state = ACTIVITY_CELLS[activity.state][input];
  if (state === activity.state && activity.question === null) return activity;
  return { state, evidence: input === 'prompt_accepted' ? 'prompt' : 'none', question: null, at };
}

export const initialActivity = (at: string): Activity => ({ state: 'unknown', evidence: 'none', question: null, at });
