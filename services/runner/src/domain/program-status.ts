import type { Question } from '@roundhouse/contracts';

/**
 * What a program says of itself over OSC 7501 (Program Status Protocol): `state=…[:kind=…][:msg=…]`. Our own additions are
 * `opts`, the answers that a question offers, percent-encoded and divided by "|", and for an error of kind `quota` an
 * `until`, percent-encoded. A `msg` is base64, as the protocol says, or percent-encoded, as our own agent has it.
 * Everything in it is untrusted. Records of parts of a program (`id=…`) say nothing of the program as a whole.
 */
export type ProgramStatus =
  | { readonly state: 'idle' | 'working' | 'done' | 'clear' }
  | { readonly state: 'error'; readonly quota?: Quota }
  | { readonly state: 'blocked'; readonly question: Question };

/** That the agent's quota is used up, in its own words, and when it is back, where it knows. */
export interface Quota {
  readonly until: string | null;
  readonly reason: string;
}

const MAX_TEXT = 4_000;
const MAX_QUOTA_REASON = 500;
const MAX_OPTIONS = 32;
const MAX_OPTION = 200;

/** The payload behind `7501;`, or null where it is not a status (a query, or words that this version does not know). */
export function parseProgramStatus(payload: string): ProgramStatus | null {
  const fields = new Map<string, string>();
  // A message may have ":" in it, so only a ":" before a key that is known divides.
  for (const part of payload.trim().split(/:(?=(?:state|kind|msg|opts|until|app|id|title|progress)=)/)) {
    const equals = part.indexOf('=');
    if (equals > 0) fields.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  if ((fields.get('id') ?? '') !== '') return null;
  const state = fields.get('state');
  switch (state) {
    case 'idle':
    case 'working':
    case 'done':
    case 'clear':
      return { state };
    case 'error':
      return fields.get('kind') === 'quota' ? { state, quota: quotaOf(fields) } : { state };
    case 'blocked':
      return { state, question: questionOf(fields) };
    default:
      return null;
  }
}

/** The query by which a program asks whether the terminal understands statuses; the same bytes are the answer. */
export const isStatusQuery = (payload: string): boolean => payload.trim() === '?';
export const STATUS_QUERY_ANSWER = '\u001b]7501;?\u001b\\';

function questionOf(fields: ReadonlyMap<string, string>): Question {
  const kind = fields.get('kind');
  const options =
    fields
      .get('opts')
      ?.split('|')
      .map(decode)
      .filter((option) => option !== '') ?? [];
  return {
    kind: kind === 'permission' || kind === 'auth' ? kind : 'question',
    text: cut(message(fields), MAX_TEXT),
    options: options.slice(0, MAX_OPTIONS).map((option) => cut(option, MAX_OPTION)),
  };
}

function quotaOf(fields: ReadonlyMap<string, string>): Quota {
  const until = new Date(decode(fields.get('until') ?? ''));
  const reason = cut(message(fields), MAX_QUOTA_REASON);
  return { until: Number.isNaN(until.getTime()) ? null : until.toISOString(), reason };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Who names itself (`app=…`) speaks the protocol as it is written, with messages in base64. */
function message(fields: ReadonlyMap<string, string>): string {
  const text = fields.get('msg') ?? '';
  if (!fields.has('app') || !BASE64.test(text)) return decode(text);
  return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A bare "%" in a message of a program that does not encode is no fault of it.
    return text;
  }
}

/** At most `limit` UTF-16 units, and never half of a surrogate pair at the end. */
function cut(text: string, limit: number): string {
  const head = text.slice(0, limit);
  return head.isWellFormed() ? head : head.toWellFormed().slice(0, limit);
}
