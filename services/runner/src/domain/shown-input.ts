import { strokesOf } from '@roundhouse/contracts';

/** Text that is shorter may stand on a screen by chance. */
const TELLING_CHARACTERS = 8;

/** What the terminal showed around a burst of typing. */
export interface Screens {
  /** What stands now from where the cursor was before, to the end of that line; null where that place is gone. */
  readonly atCursor: string | null;
  readonly before: string;
  readonly after: string;
}

/**
 * Which of the inputs of one burst the terminal showed. Only that says whether text may be kept: a terminal's echo flag is
 * off under every full-screen program too, which draws what is typed itself, and may change between a look and the
 * typing. Text counts as shown where it stands at the place of the cursor, or where it is long and stands on the screen
 * more often than before; when in doubt it was not. Keys alone are no secret.
 */
export function shownInputs(inputs: readonly string[], screens: Screens): boolean[] {
  const hidden = hiddenStretches(inputs.join(''), screens);
  let end = 0;
  return inputs.map((input) => {
    const start = end;
    end += input.length;
    return !hidden.some((stretch) => stretch.start < end && stretch.end > start);
  });
}

function hiddenStretches(burst: string, { atCursor, before, after }: Screens): { start: number; end: number }[] {
  const hidden: { start: number; end: number }[] = [];
  let end = 0;
  for (const { kind, raw } of strokesOf(burst)) {
    const start = end;
    end += raw.length;
    if (kind === 'key') continue;
    const atPlace = start === 0 && atCursor !== null && atCursor.startsWith(raw.trimEnd());
    const isNew = raw.trim().length >= TELLING_CHARACTERS && count(after, raw) > count(before, raw);
    if (!atPlace && !isNew) hidden.push({ start, end });
  }
  return hidden;
}

const squeeze = (text: string): string => text.replace(/\s+/g, '');
const count = (screen: string, text: string): number => squeeze(screen).split(squeeze(text)).length - 1;
