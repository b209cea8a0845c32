import type { Completion, Signal } from '@roundhouse/contracts';

type State = Completion['state'];
export type CompletionInput =
  | { readonly type: 'signalled'; readonly signal: Signal }
  | { readonly type: 'refused'; readonly reason: string; readonly files: readonly string[]; readonly at: string };

type Cell = 'take' | 'keep';

/** A refused word never takes back an accepted one: that one is bound to its own commit. */
export const COMPLETION_CELLS: Readonly<Record<State, Readonly<Record<CompletionInput['type'], Cell>>>> = {
  none: { signalled: 'take', refused: 'take' },
  signalled: { signalled: 'take', refused: 'keep' },
  refused: { signalled: 'take', refused: 'take' },
};

export function nextCompletion(completion: Completion, input: CompletionInput): Completion {
  if (COMPLETION_CELLS[completion.state][input.type] === 'keep') return completion;
  return input.type === 'signalled'
    ? { state: 'signalled', signal: input.signal }
    : { state: 'refused', reason: input.reason, files: [...input.files], at: input.at };
}
