import type { DialogPolicy } from '@roundhouse/contracts';
import type { Dialog } from './dialog.ts';

const ALLOWS = /^(?:yes|allow|approve|proceed|ok)\b/i;
/** What would hold for more than this once, or change how the agent works from now on. */
const FOR_LATER = /\b(?:always|session|don['’]?t ask|remember|all|switch|auto|future)\b/i;
const REFUSES = /^(?:no|reject|deny|cancel|decline)\b/i;

/**
 * The option that a policy chooses, from 0; null: it leaves the dialog to somebody. It allows or refuses what the agent wants
 * to do, this once; questions and logins are never its business, nor dialogs whose options it does not understand.
 */
export function optionByPolicy(
  policy: DialogPolicy,
  { kind, options }: Pick<Dialog, 'kind' | 'options'>,
): number | null {
  if (policy === 'ask' || kind !== 'permission') return null;
  const index =
    policy === 'allow'
      ? options.findIndex((option) => ALLOWS.test(option) && !FOR_LATER.test(option))
      : options.findLastIndex((option) => REFUSES.test(option));
  return index < 0 ? null : index;
}
