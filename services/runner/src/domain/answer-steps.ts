import { type Dialog, withoutSpace } from './dialog.ts';

/**
 * How far an answer is. `waiting`: the dialog is too new; `moving`: the selector, to the option; `ticking`: the option, one of
 * several that can be; `opening`: the place for text; `typing`: the text was pasted there; `entered`: Enter was pressed.
 */
export type AnswerPhase = 'waiting' | 'moving' | 'ticking' | 'opening' | 'typing' | 'entered';

export interface AnswerStep {
  readonly phase: AnswerPhase;
  readonly keys: string;
  /** For how long what the keys are to bring about is waited for, milliseconds, and what is said where it does not come. */
  readonly withinMs: number;
  readonly otherwise: string;
}

const KEYS = { list: { on: '\u001b[B', back: '\u001b[A' }, row: { on: '\u001b[C', back: '\u001b[D' } } as const;
const PASTE_BEGINS = '\u001b[200~';
const PASTE_ENDS = '\u001b[201~';
const ENTER = '\r';
const DRAWN_MS = 3_000;
const GONE_MS = 5_000;

/** Takes the selector from where it stands to the option. */
export function moveTo(option: number, { layout, selected }: Pick<Dialog, 'layout' | 'selected'>): AnswerStep {
  const distance = option - (selected ?? 0);
  const { on, back } = KEYS[layout];
  const keys = (distance > 0 ? on : back).repeat(Math.abs(distance));
  return { phase: 'moving', keys, withinMs: DRAWN_MS, otherwise: 'the selector did not get to the option' };
}

const PRESS_ENTER: AnswerStep = {
  phase: 'entered',
  keys: ENTER,
  withinMs: GONE_MS,
  otherwise: 'the dialog is still shown',
};

const TICK: AnswerStep = {
  phase: 'ticking',
  keys: ' ',
  withinMs: DRAWN_MS,
  otherwise: 'the option was not ticked',
};

/**
 * What is pressed next, once the dialog shows what the keys before were to bring about; null: not yet. Enter is the last of them,
 * and text is in its place by then: it is pasted whole where it was seen to go, so that no digit of it chooses an option.
 */
export function nextStep(
  phase: AnswerPhase,
  { option, text }: { readonly option: number; readonly text?: string | undefined },
  dialog: Dialog,
): AnswerStep | null {
  if (phase === 'waiting' || phase === 'entered' || dialog.selected !== option) return null;
  const place = dialog.textOptions.find((candidate) => candidate.option === option);
  if (text === undefined) {
    if (place?.emptyBy !== undefined) return { ...PRESS_ENTER, keys: place.emptyBy };
    if (place !== undefined || dialog.ticked?.[option] !== false) return PRESS_ENTER;
    return phase === 'ticking' ? null : TICK;
  }
  const isOpen = dialog.typing?.option === option;
  switch (phase) {
    case 'moving': {
      if (isOpen) return paste(text);
      const otherwise = 'the place for the text did not open';
      return { phase: 'opening', keys: place?.opensBy ?? '', withinMs: DRAWN_MS, otherwise };
    }
    case 'opening':
      return isOpen ? paste(text) : null;
    case 'ticking':
      return null;
    case 'typing':
      return isOpen && dialog.typing.shows === withoutSpace(text) ? PRESS_ENTER : null;
  }
}

const paste = (text: string): AnswerStep => ({
  phase: 'typing',
  keys: PASTE_BEGINS + text + PASTE_ENDS,
  withinMs: DRAWN_MS,
  otherwise: 'the dialog does not show the text: it was not entered',
});
