import { type Directive, firstWord, numberIn, withKept } from '../directive.ts';

const MAX_WAIT_MS = 3_600_000;
const NAME = /^[A-Z][A-Z0-9_]*$/;

/** `@let NAME field`: keeps a field of the last tool's answer, for `$NAME` in what is called later. */
export const keep: Directive = ({ screen, kept, lastAnswer }, rest) => {
  const [name, field] = firstWord(rest, 'the name');
  if (!NAME.test(name)) throw new Error('the name is in capitals');
  const answer = JSON.parse(lastAnswer() ?? 'null') as Record<string, unknown> | null;
  const value = answer?.[field.trim()];
  if (typeof value !== 'string') throw new Error(`the last answer has no text ${field}`);
  kept.set(name, value);
  screen.line(`${name} = ${value}`, 'dim');
};

/**
 * `@await-prompt ms WORD…`: takes prompts, as an agent does that is told something while it has nothing to do, until each of
 * the words has been in one of them. What they say is not carried out.
 */
export const awaitPrompt: Directive = async ({ screen, signal, kept, nextPrompt }, rest) => {
  const [ms, words] = firstWord(withKept(rest, kept), 'the time in milliseconds');
  const bound = AbortSignal.any([signal, AbortSignal.timeout(numberIn(ms, 'the time in milliseconds', MAX_WAIT_MS))]);
  let missing = words.split(/\s+/).filter((word) => word !== '');
  if (missing.length === 0) throw new Error('a word is missing');
  while (missing.length > 0) {
    const prompt = await nextPrompt(bound).catch(() => {
      throw new Error(signal.aborted ? 'interrupted' : `no prompt had ${missing.join(', ')} in time`);
    });
    screen.line(prompt.replace(/[^\P{Cc}\n]/gu, ' '), 'dim');
    missing = missing.filter((word) => !prompt.includes(word));
  }
};
