import { MAX_TYPED_CHARACTERS, type Typed, isEnter, strokesOf } from '@roundhouse/contracts';

const NOT_SHOWN = '⟨not shown⟩';

/** What was typed so far and this on top. Of text that the terminal did not show not even the length is kept. */
export function typedOnTop(before: Typed | null, raw: string, shown: boolean): Typed {
  let { lines, text, cut } = before ?? { lines: 0, text: '', cut: false };
  for (const stroke of strokesOf(raw)) {
    if (isEnter(stroke)) lines += 1;
    const hidden = stroke.kind === 'text' && !shown;
    if (hidden && text.endsWith(NOT_SHOWN)) continue;
    const longer = text + (hidden ? NOT_SHOWN : stroke.shown);
    cut ||= longer.length > MAX_TYPED_CHARACTERS;
    text = longer.slice(0, MAX_TYPED_CHARACTERS).toWellFormed();
  }
  return { lines, text, cut };
}
