import { randomBytes } from 'node:crypto';
import { inEnvelope, plainText } from '@roundhouse/contracts';

/**
 * The fields whose texts strangers write at length: pages of output and diffs, questions, reports, dialogs, summaries,
 * details, screens. What is short and on one line (names, labels, paths) stands in its JSON string alone: that too cannot
 * end itself.
 */
const WRITTEN_AT_LENGTH: ReadonlySet<string> = new Set(['text', 'summary', 'detail', 'screen']);

/**
 * A copy of an answer as a model may read it: every text without what does not show (see `plainText`), and those that are
 * written at length in an envelope, all of one answer with the same boundary.
 */
export function forModel(value: unknown): unknown {
  const boundary = randomBytes(12).toString('base64url');
  return mapped(value, plainText, (text) => inEnvelope(text, boundary));
}

/** The same without envelopes: for what the reader may act upon. */
export const withoutUnseen = (value: unknown): unknown => mapped(value, plainText, (text) => text);

/** Output as it was printed: nothing is taken out, and the page is in its envelope. */
export function rawForModel(value: unknown): unknown {
  const boundary = randomBytes(12).toString('base64url');
  return mapped(
    value,
    (text) => text,
    (text) => inEnvelope(text, boundary),
  );
}

type OfText = (text: string) => string;

// A result is JSON of its writer's own shape, for programs too: it is no prose with an end to be marked.
const RESULT = 'result';

function mapped(value: unknown, each: OfText, long: OfText): unknown {
  if (typeof value === 'string') return each(value);
  if (Array.isArray(value)) return value.map((item) => mapped(item, each, long));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = each(key);
      if (name === RESULT) return [name, mapped(inner, each, each)];
      const isLong = WRITTEN_AT_LENGTH.has(name) && typeof inner === 'string' && inner !== '';
      return [name, isLong ? long(each(inner)) : mapped(inner, each, long)];
    }),
  );
}
