/** A stretch of text as it was typed: characters that print, or one key that does not. */
export interface Stroke {
  readonly kind: 'text' | 'key';
  /** The characters as they go into the terminal. */
  readonly raw: string;
  /** What a reader sees: the characters, or the key's name. */
  readonly shown: string;
}

// A control sequence (ECMA-48 §5.4), a key of the SS3 form, Alt with a character, or one control character.
// eslint-disable-next-line no-control-regex -- the point of this expression is control characters
const KEY = /\u001b(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z]|[^\u001b])?|\r\n|[\u0000-\u001f\u007f-\u009f]/gu;

const NAMES: Readonly<Record<string, string>> = {
  '\r': 'Enter',
  '\n': 'Enter',
  '\r\n': 'Enter',
  '\t': 'Tab',
  '\u001b': 'Esc',
  '\b': 'Backspace',
  '\u007f': 'Backspace',
  '\u001b[A': 'Up',
  '\u001b[B': 'Down',
  '\u001b[C': 'Right',
  '\u001b[D': 'Left',
  '\u001b[H': 'Home',
  '\u001b[F': 'End',
  '\u001b[3~': 'Delete',
  '\u001b[5~': 'PageUp',
  '\u001b[6~': 'PageDown',
  '\u001b[Z': 'Shift-Tab',
};

/** Keys that a person may name instead of typing their bytes. */
export const NAMED_KEYS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(NAMES)
    .filter(([raw]) => raw !== '\n' && raw !== '\r\n' && raw !== '\b')
    .map(([raw, name]): [string, string] => [name.toLowerCase(), raw]),
  ...Array.from('abcdefghijklmnopqrstuvwxyz', (letter): [string, string] => [
    `ctrl-${letter}`,
    String.fromCharCode(letter.charCodeAt(0) - 96),
  ]),
]);

function nameOf(raw: string): string {
  const known = NAMES[raw] ?? NAMES[raw.replace('\u001bO', '\u001b[')];
  if (known !== undefined) return known;
  const code = raw.charCodeAt(0);
  if (raw.length === 1 && code < 0x20) return `Ctrl-${String.fromCharCode(code + 64)}`;
  return raw.startsWith('\u001b') && raw.length === 2 ? `Alt-${nameOfCharacter(raw.slice(1))}` : 'key';
}

const nameOfCharacter = (character: string): string => (character < ' ' ? nameOf(character) : character);

/** What was typed, cut into what prints and what does not, in order. */
export function strokesOf(text: string): Stroke[] {
  const strokes: Stroke[] = [];
  let at = 0;
  const print = (end: number): void => {
    const raw = text.slice(at, end);
    if (raw !== '') strokes.push({ kind: 'text', raw, shown: raw });
  };
  for (const match of text.matchAll(KEY)) {
    print(match.index);
    strokes.push({ kind: 'key', raw: match[0], shown: `⟨${nameOf(match[0])}⟩` });
    at = match.index + match[0].length;
  }
  print(text.length);
  return strokes;
}

export const isEnter = ({ kind, shown }: Stroke): boolean => kind === 'key' && shown === '⟨Enter⟩';
