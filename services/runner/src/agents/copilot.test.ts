import { expect, it } from 'vitest';
import { AGENTS } from './registry.ts';
import { fixtures, screensOf } from '../testing/recordings.ts';
import { moveTo, nextStep } from '../domain/answer-steps.ts';
import type { Dialog } from '../domain/dialog.ts';

/** What Copilot showed at a mark of one of its recordings. */
async function shownAt(recorded: '-text' | '-dialogs' | '-login', wanted: string): Promise<Dialog> {
  const fixture = (await fixtures()).find(({ file }) => file.startsWith('copilot-') && file.includes(recorded));
  const shown = fixture === undefined ? [] : await screensOf(fixture.recording);
  const screen = shown.find(({ mark }) => mark === wanted)?.screen;
  const dialog = screen === undefined ? null : AGENTS.copilot.signs.look(screen).dialog;
  if (dialog === null) throw new Error(`no dialog at ${wanted}`);
  return dialog;
}

it('RA-26: an option that Enter takes with words alone is taken without words by the key that it names', async () => {
  const dialog = await shownAt('-text', 'blocked-clean');
  expect(dialog.textOptions).toEqual([{ option: 2, opensBy: '', emptyBy: '\u001b' }]);
  expect(moveTo(2, dialog).keys).toBe('\u001b[B\u001b[B');
  // The selector is not there yet.
  expect(nextStep('moving', { option: 2 }, dialog)).toBeNull();
  // Enter had been pressed here, and nothing came of it.
  const there = await shownAt('-text', 'blocked-clean-no');
  expect(nextStep('moving', { option: 2 }, there)).toMatchObject({ phase: 'entered', keys: '\u001b' });
  const text = 'no';
  expect(nextStep('moving', { option: 2, text }, there)).toMatchObject({ phase: 'typing' });
  const typed = { ...there, typing: { option: 2, shows: text } };
  expect(nextStep('typing', { option: 2, text }, typed)).toMatchObject({ phase: 'entered', keys: '\r' });
});

it('RA-27: where several options can be ticked, the one that is chosen is, and is seen to be before Enter', async () => {
  const dialog = await shownAt('-dialogs', 'blocked-several');
  expect(dialog.ticked).toEqual([false, false, false, false]);
  expect(nextStep('moving', { option: 0 }, dialog)).toMatchObject({ phase: 'ticking', keys: ' ' });
  expect(nextStep('ticking', { option: 0 }, dialog)).toBeNull();
  const ticked = await shownAt('-dialogs', 'blocked-several-ticked');
  expect(ticked).toMatchObject({ selected: 1, ticked: [false, true, false, false], options: dialog.options });
  expect(nextStep('ticking', { option: 1 }, ticked)).toMatchObject({ phase: 'entered', keys: '\r' });
  // Nobody's tick is taken back.
  expect(nextStep('moving', { option: 1 }, ticked)).toMatchObject({ phase: 'entered', keys: '\r' });
  // Of a dialog in which one is chosen, Enter takes it.
  const one = await shownAt('-dialogs', 'blocked-choice');
  expect(one.ticked).toBeUndefined();
  expect(nextStep('moving', { option: 0 }, one)).toMatchObject({ phase: 'entered', keys: '\r' });
});

it('RA-22, RA-13: what Copilot asks is told as what it is: words alone, an acceptance, a trust, a login', async () => {
  expect(await shownAt('-dialogs', 'blocked-entry-typed')).toMatchObject({
    kind: 'question',
    options: ['Name'],
    selected: 0,
    textOptions: [{ option: 0, opensBy: '' }],
    typing: { option: 0, shows: 'Somebody' },
  });
  expect(await shownAt('-dialogs', 'blocked-nothing')).toMatchObject({ kind: 'question', options: ['accept'] });
  // A yes and a no of the model's are no permission that a policy could give.
  expect(await shownAt('-dialogs', 'blocked-yes')).toMatchObject({
    kind: 'question',
    options: ['Yes', 'No', 'Other (type your answer)'],
  });
  expect(await shownAt('-dialogs', 'blocked-trust')).toMatchObject({ kind: 'permission', textOptions: [] });
  expect(await shownAt('-login', 'blocked-login')).toMatchObject({
    kind: 'auth',
    text: 'Please use /login to sign in to use Copilot',
    options: [],
  });
});
