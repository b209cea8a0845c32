import type { Activity } from '@roundhouse/contracts';

type State = Activity['state'];

/**
 * What a recording has, in order. `told`: what the name of a mark says was so there; null: nothing. `over`: whoever recorded it
 * ends the program.
 */
export type Happened =
  | { readonly type: 'mark'; readonly told: 'idle' | 'busy' | 'waiting_input' | null }
  | { readonly type: 'typed'; readonly t: number; readonly text: string }
  | { readonly type: 'frame'; readonly t: number }
  | { readonly type: 'over' };

const ANY: readonly State[] = ['booting', 'busy', 'idle', 'waiting_input'];
const STARTED = ANY.slice(1);

/** A dialog that a key ends still stands until the program has taken the key (41 to 670 ms in what was recorded): so long that is left open. */
export const TAKEN_MS = 1_000;

/**
 * What each of them may have been, by what is known of programs and not by what they draw: one that waits, for a prompt or for
 * an answer, goes on only when something is typed; one that works comes to either by itself. So what a mark tells holds
 *
 * - of waiting, from there to the next key (of idle: to the next that is more than text), since nothing else ends it;
 * - of work, back to the last key, since nothing else begins it;
 * - and before a mark that tells of the one kind of waiting, back to the last key, it was not the other.
 *
 * All else is left open. Where marks contradict that, the program was woken by something that is not in the recording, and all is.
 */
export function possibleStates(happened: readonly Happened[]): (readonly State[])[] {
  const after = forward(happened);
  const before = backward(happened);
  return happened.map((_, index) => {
    const { possible, standing } = after[index] ?? { possible: ANY, standing: false };
    const left = possible.filter((state) => before[index]?.includes(state) === true);
    if (left.length === 0) return STARTED;
    return standing && !left.includes('waiting_input') ? [...left, 'waiting_input'] : left;
  });
}

/** By what has been told and typed until then. `standing`: a dialog may not be gone yet that was typed to. */
function forward(happened: readonly Happened[]): { possible: readonly State[]; standing: boolean }[] {
  let possible = ANY;
  let standingUntil = -1;
  return happened.map((one) => {
    switch (one.type) {
      case 'mark':
        if (one.told === null) return { possible, standing: false };
        possible = one.told === 'busy' ? STARTED : [one.told];
        standingUntil = -1;
        return { possible: [one.told], standing: false };
      case 'typed':
        if (possible.includes('waiting_input')) standingUntil = one.t + TAKEN_MS;
        // Before the first mark it may still be starting, whatever is typed.
        if (possible !== ANY && !(possible[0] === 'idle' && isText(one.text))) possible = STARTED;
        break;
      case 'over':
        possible = ANY;
        break;
      case 'frame':
        return { possible, standing: one.t <= standingUntil };
    }
    return { possible, standing: false };
  });
}

/** By what is told later, before anything is typed. */
function backward(happened: readonly Happened[]): (readonly State[])[] {
  let possible = ANY;
  return happened
    .toReversed()
    .map((one) => {
      if (one.type === 'typed' || one.type === 'over') possible = ANY;
      if (one.type === 'mark' && one.told !== null) possible = unlikeOther(one.told);
      return possible;
    })
    .toReversed();
}

const unlikeOther = (told: State): readonly State[] =>
  told === 'busy' ? ['booting', 'busy'] : ['booting', 'busy', told];

/** Keys that only stand where one types. */
// eslint-disable-next-line no-control-regex -- keys are told by their control characters
const isText = (keys: string): boolean => !/[\u0000-\u001f\u007f]/.test(keys);
