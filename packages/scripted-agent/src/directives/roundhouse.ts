import { type Directive, firstWord, numberIn, withKept } from '../directive.ts';
import { quotaSequence } from '../status-reporter.ts';

const MAX_QUOTA_SECONDS = 86_400;

const summaryOf = (rest: string, block: string | null): Record<string, string> => {
  const summary = (block ?? rest).trim();
  return summary === '' ? {} : { summary };
};

export const done: Directive = async ({ screen, callTool }, rest, block) => {
  screen.line(`signal_done ${await callTool('roundhouse-self', 'signal_done', summaryOf(rest, block))}`, 'green');
};

export const land: Directive = async ({ screen, callTool }, rest, block) => {
  screen.line(`land_self ${await callTool('roundhouse-self', 'land_self', summaryOf(rest, block))}`, 'green');
};

/** Any tool with any arguments: what a test needs now and then. */
export const call: Directive = async ({ screen, callTool, kept }, rest, block) => {
  const [tool, text] = firstWord(rest, 'the tool');
  const input: unknown = JSON.parse(withKept(block ?? (text.trim() === '' ? '{}' : text), kept));
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new Error('the arguments are a JSON object');
  screen.line(`${tool} ${await callTool('roundhouse', tool, input as Record<string, unknown>)}`, 'green');
};

export const quota: Directive = ({ screen }, rest) => {
  const [time, reason] = firstWord(rest, 'the time in seconds, or "-"');
  const until =
    time === '-' ? null : new Date(Date.now() + 1_000 * numberIn(time, 'the time in seconds', MAX_QUOTA_SECONDS));
  screen.line(`quota: ${reason}`, 'red');
  screen.raw(quotaSequence(reason, until?.toISOString() ?? null));
};
