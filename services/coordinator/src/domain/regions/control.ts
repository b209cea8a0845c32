import type { Control } from '@roundhouse/contracts';

type Holder = Control['holder'];
export type ControlInput = { readonly type: 'taken'; readonly until: string } | { readonly type: 'returned' };

export const CONTROL_CELLS: Readonly<Record<Holder, Readonly<Record<ControlInput['type'], Holder>>>> = {
  coordinator: { taken: 'human', returned: 'coordinator' },
  human: { taken: 'human', returned: 'coordinator' },
};

export function nextControl(control: Control, input: ControlInput): Control {
  const holder = CONTROL_CELLS[control.holder][input.type];
  return holder === 'human' && input.type === 'taken' ? { holder, until: input.until } : { holder: 'coordinator' };
}

/** Whether a person holds the keyboard now: a hold is a lease and ends by itself. */
export const humanHolds = (control: Control, now: string): boolean => control.holder === 'human' && control.until > now;
