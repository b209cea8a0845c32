import { expect, it } from 'vitest';
import { withoutSpace } from '../domain/dialog.ts';
import { fixtures, screensOf } from '../testing/recordings.ts';
import { AGENTS } from './registry.ts';

const OWN_COLOUR = '2 a colour that nobody has thought of before, which takes a line and some more of it on any screen';
const INSTEAD =
  'use ls instead of that, and look at what is there before you touch anything in this folder, since it is not yours to touch';

/** What is seen of the dialog at each mark of the recording, by the mark's name. */
async function dialogs(kind: 'claude' | 'gemini' | 'opencode' | 'copilot') {
  const fixture = (await fixtures()).find(({ file }) => file.startsWith(kind) && file.includes('-text.'));
  if (fixture === undefined) throw new Error(`there is no recording of ${kind} with text`);
  const shown = await screensOf(fixture.recording);
  return new Map(shown.map(({ mark, screen }) => [mark, AGENTS[kind].signs.look(screen).dialog]));
}

it.each([
  ['claude', '', ['Red Warm', 'Blue Calm', 'Type something.', 'Chat about this'], 'Typesomething.'],
  ['gemini', '', ['Red Warm', 'Blue Calm', 'Enter a custom value'], 'Enteracustomvalue'],
  ['copilot', '', ['Red', 'Blue', 'Other (type your answer)'], 'Typeyouranswer...'],
  ['opencode', '\r', ['Red Warm', 'Blue Calm', 'Type your own answer'], 'Typeyourownanswer'],
] as const)(
  'RA-22: a question of %s is the same one while an answer of one’s own is typed into it, and shows that whole',
  async (kind, opensBy, options, hint) => {
    const at = await dialogs(kind);
    const same = { options, textOptions: [{ option: 2, opensBy }] };
    expect(at.get('blocked-ask')).toMatchObject({ ...same, selected: 0, typing: null });
    expect(at.get('blocked-ask-open')).toMatchObject({ ...same, selected: 2, typing: { option: 2, shows: hint } });
    const shows = withoutSpace(OWN_COLOUR);
    expect(at.get('blocked-ask-typed')).toMatchObject({ ...same, selected: 2, typing: { option: 2, shows } });
  },
);

it('RA-22: a permission of claude takes words after a plain yes or no, and stays the same one', async () => {
  const at = await dialogs('claude');
  const textOptions = [
    { option: 0, opensBy: '\t' },
    { option: 3, opensBy: '\t' },
  ];
  const { options } = at.get('blocked-bash') ?? { options: [] };
  expect([options[0], options[3]]).toEqual(['Yes', 'No']);
  for (const [mark, shows] of [
    ['blocked-bash', null],
    ['blocked-bash-no', null],
    ['blocked-bash-open', 'andtellClaudewhattododifferently'],
    ['blocked-bash-typed', withoutSpace(INSTEAD)],
  ] as const) {
    const typing = shows === null ? null : { option: 3, shows };
    expect([mark, at.get(mark)]).toMatchObject([mark, { options, textOptions, typing }]);
  }
});

it('RA-22, RA-26: a permission of Copilot takes words with its refusal, and another key than Enter without them', async () => {
  const at = await dialogs('copilot');
  const refusal = 'No, and tell Copilot what to do differently';
  for (const [mark, shows] of [
    ['blocked-bash', null],
    ['blocked-bash-no', withoutSpace(refusal)],
    ['blocked-bash-typed', withoutSpace(INSTEAD)],
  ] as const) {
    expect([mark, at.get(mark)]).toMatchObject([
      mark,
      {
        kind: 'permission',
        options: ['Yes', expect.stringMatching(/^Yes, and don't ask again .*\)$/), refusal],
        textOptions: [{ option: 2, opensBy: '', emptyBy: '\u001b' }],
        typing: shows === null ? null : { option: 2, shows },
      },
    ]);
  }
});

it('RA-22: a dialog without a place for words says so', async () => {
  for (const { kind, file, recording } of (await fixtures()).filter(({ file: name }) =>
    /codex.*-(?:dialogs|permission)/.test(name),
  ))
    for (const { screen } of await screensOf(recording))
      expect([file, AGENTS[kind].signs.look(screen).dialog?.textOptions ?? []]).toEqual([file, []]);
});
