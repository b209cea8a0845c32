/** Words divided by blanks; `"…"` and `'…'` hold blanks together; `\` takes the next character as it is, except in `'…'`. */
export function splitArguments(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] as string;
    if (character === '\\' && quote !== "'") {
      index += 1;
      word = (word ?? '') + (text[index] ?? '\\');
    } else if (quote !== null) {
      if (character === quote) quote = null;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + character;
  }
  if (quote !== null) throw new Error(`a ${quote} is not closed`);
  if (word !== null) words.push(word);
  return words;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', e: '\u001b', '\\': '\\' };

/** `\n`, `\t`, `\r`, `\e` and `\\` in a text; another `\` stays what it is. */
export const unescapeText = (text: string): string =>
  text.replace(/\\(.)/g, (whole, character: string) => ESCAPES[character] ?? whole);
