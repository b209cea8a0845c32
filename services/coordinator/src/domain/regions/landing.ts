import type { Landing } from '@roundhouse/contracts';
import type { LandResult } from '../events.ts';

type State = Landing['state'];
type Queued = Extract<Landing, { state: 'queued' }>;
export type LandingInput =
  | { readonly type: 'requested'; readonly queued: Queued }
  | { readonly type: 'finished'; readonly result: LandResult; readonly at: string };

type Cell = 'queue' | 'join' | 'settle' | 'keep';

/** One landing at a time a task. What has landed may be followed by the landing of a later signal. */
export const LANDING_CELLS: Readonly<Record<State, Readonly<Record<LandingInput['type'], Cell>>>> = {
  none: { requested: 'queue', finished: 'keep' },
  queued: { requested: 'join', finished: 'settle' },
  landed: { requested: 'queue', finished: 'keep' },
  conflicted: { requested: 'queue', finished: 'keep' },
  failed: { requested: 'queue', finished: 'keep' },
};

/** The next state, or `busy` where another commit of the task is being landed. */
export function nextLanding(landing: Landing, input: LandingInput): Landing | 'busy' {
  const cell = LANDING_CELLS[landing.state][input.type];
  if (input.type === 'requested') {
    if (cell === 'queue') return input.queued;
    return landing.state === 'queued' && landing.commit === input.queued.commit ? landing : 'busy';
  }
  if (cell !== 'settle' || landing.state !== 'queued') return landing;
  const { commit, target } = landing;
  const { result, at } = input;
  switch (result.kind) {
    case 'landed':
      return { state: 'landed', commit, target, landedAs: result.landedAs, nothingToLand: result.nothingToLand, at };
    case 'conflicted':
      return { state: 'conflicted', commit, target, onto: result.onto, files: [...result.files], at };
    case 'failed':
      return { state: 'failed', commit, target, reason: result.reason, at };
  }
}
