import type { Activity, Question } from '@roundhouse/contracts';
import type { Dialog } from './dialog.ts';
import { sameDialog } from './dialog.ts';
import type { Evidence } from './evidence.ts';
import type { Signs } from './signs.ts';

/** An activity without its instant: what is compared to tell a change. */
export type Reading = Omit<Activity, 'at'>;

export const BOOTING: Reading = { state: 'booting', evidence: 'none', question: null };

/**
 * Reads the activity off the evidence: the program's own word first, then its title, then its screen. Three things that a
 * program says are not taken for more than they are: that it works says nothing of a dialog that has come up since; that
 * it waits is not believed while it shows a dialog or, where it must show one, no place to type; and an Enter that was
 * typed is work until the program has shown what it makes of it. Silence is not evidence: nothing here ever turns "no
 * output" into idle.
 */
export function readActivity(evidence: Evidence, signs: Signs): Reading {
  const seen = readSeen(evidence, signs);
  if (evidence.submitted === null || (seen.state !== 'idle' && seen.state !== 'unknown')) return seen;
  return { state: 'busy', evidence: 'prompt', words: 'Enter was typed, and nothing came of it yet', question: null };
}

function readSeen(evidence: Evidence, signs: Signs): Reading {
  const { status, title, titleSays, sighting, leftover } = evidence;
  const dialog = sighting?.dialog ?? null;
  const fresh = dialog !== null && !sameDialog(dialog, leftover) ? dialog : null;
  if (status?.state === 'working') {
    return fresh === null ? busy('status', 'state=working') : waits('screen', 'a dialog', questionOf(fresh));
  }
  if (status?.state === 'blocked') {
    return waits('status', 'state=blocked', dialog === null ? status.question : merged(dialog, status.question));
  }
  if (status === null && titleSays === 'busy' && fresh === null) return busy('title', title);
  if (status === null && titleSays === 'waiting_input') {
    return waits('title', title, dialog === null ? NO_TEXT : questionOf(dialog));
  }
  if (dialog !== null) return waits('screen', 'a dialog', questionOf(dialog));
  if (status !== null) {
    // An agent that reports an error has stopped working and takes a prompt again.
    return evidence.booted || !signs.needsInput || hasInput(evidence)
      ? idle('status', `state=${status.state}`)
      : BOOTING;
  }
  const working = sighting?.working ?? null;
  if (working !== null) return busy('screen', working);
  if (hasInput(evidence)) {
    if (titleSays === 'idle') return idle('title', title);
    if (signs.idleByScreen) return idle('screen', 'a place to type, and no sign of work');
  }
  if (!evidence.booted && (sighting === null || signs.needsInput)) return BOOTING;
  return { state: 'unknown', evidence: 'none', question: null };
}

const NO_TEXT: Question = { kind: 'question', text: '', options: [] };

const hasInput = ({ sighting }: Evidence): boolean => sighting !== null && sighting.input !== null;

type Source = Reading['evidence'];

const busy = (evidence: Source, words: string): Reading => ({ state: 'busy', evidence, words, question: null });
const idle = (evidence: Source, words: string): Reading => ({ state: 'idle', evidence, words, question: null });
const waits = (evidence: Source, words: string, question: Question): Reading => ({
  state: 'waiting_input',
  evidence,
  words,
  question,
});

const questionOf = ({ kind, text, options, selected, textOptions }: Dialog): Question => ({
  kind,
  text,
  options: [...options],
  ...(selected === null ? {} : { selected }),
  ...(textOptions.length === 0 ? {} : { textOptions: textOptions.map(({ option }) => option) }),
});

/** The program knows best what kind it is, and the screen says more of it than its one line. */
function merged(dialog: Dialog, said: Question): Question {
  return { ...questionOf(dialog), kind: said.kind, text: dialog.text === '' ? said.text : dialog.text };
}

export const sameReading = (a: Reading, b: Reading): boolean =>
  a.state === b.state &&
  a.evidence === b.evidence &&
  a.question?.id === b.question?.id &&
  a.question?.text === b.question?.text &&
  a.question?.selected === b.question?.selected &&
  a.question?.textOptions?.join() === b.question?.textOptions?.join() &&
  a.question?.options.join('\n') === b.question?.options.join('\n');
