import type { Control, Person } from '@roundhouse/contracts';

type Holder = Control['holder'];
type Human = Extract<Control, { holder: 'human' }>;
export type ControlInput =
  | { readonly type: 'taken'; readonly who: Person; readonly until: string; readonly force: boolean }
  | { readonly type: 'returned'; readonly tokenId: string; readonly force: boolean }
  | { readonly type: 'expired' };

type Cell = 'take' | 'renew' | 'give_back' | 'lapse' | 'keep';

/** A hold is renewed and given back by its holder, by another person only with `force`; it lapses at its instant. */
export const CONTROL_CELLS: Readonly<Record<Holder, Readonly<Record<ControlInput['type'], Cell>>>> = {
  coordinator: { taken: 'take', returned: 'keep', expired: 'keep' },
  human: { taken: 'renew', returned: 'give_back', expired: 'lapse' },
};

/** The next control, or `held` where another person's hold stands in the way. */
export function nextControl(control: Control, input: ControlInput, now: string): Control | 'held' {
  const cell = CONTROL_CELLS[control.holder][input.type];
  if (cell === 'keep' || (input.type === 'expired' && humanHolds(control, now))) return control;
  if (input.type === 'expired') return { holder: 'coordinator' };
  const asks = input.type === 'taken' ? input.who.tokenId : input.tokenId;
  if (control.holder === 'human' && !input.force && humanHolds(control, now) && !isHolder(control, asks)) return 'held';
  return input.type === 'taken' ? { holder: 'human', who: input.who, until: input.until } : { holder: 'coordinator' };
}

const isHolder = ({ who }: Human, tokenId: string): boolean => who === null || who.tokenId === tokenId;

/** Whether a person holds the keyboard now: a hold is a lease and ends by itself. */
export const humanHolds = (control: Control, now: string): boolean => control.holder === 'human' && control.until > now;

/** Whether this very person holds it now. */
export const holdsNow = (control: Control, tokenId: string | null, now: string): boolean =>
  tokenId !== null && control.holder === 'human' && control.until > now && control.who?.tokenId === tokenId;
