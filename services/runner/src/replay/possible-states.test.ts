import { expect, it } from 'vitest';
import { type Happened, possibleStates } from './possible-states.ts';

const frame = (t: number): Happened => ({ type: 'frame', t });
const typed = (t: number, text: string): Happened => ({ type: 'typed', t, text });
const mark = (told: Extract<Happened, { type: 'mark' }>['told']): Happened => ({ type: 'mark', told });

/** What is possible in each frame, in short. */
const inFrames = (...happened: Happened[]): string[] =>
  possibleStates(happened).flatMap((possible, index) =>
    happened[index]?.type === 'frame' ? [possible.join(' ')] : [],
  );

const OPEN = 'busy idle waiting_input';

it('RA-21: idle holds until something is submitted, and work from there to the mark that tells of it', () => {
  expect(
    inFrames(
      frame(0),
      mark('idle'),
      frame(1),
      typed(2, 'add a file'),
      frame(3),
      typed(4, '\r'),
      frame(5),
      mark('busy'),
      frame(6),
      mark('idle'),
      frame(7),
    ),
  ).toEqual(['booting busy idle', 'idle', 'idle', 'busy', 'busy idle', 'idle']);
});

it('RA-21: a dialog holds until a key, and before it nothing was idle since the last one', () => {
  expect(
    inFrames(
      mark('idle'),
      typed(0, 'x\r'),
      frame(1),
      mark('waiting_input'),
      frame(2),
      typed(3, '\u001b'),
      frame(4),
      frame(5_000),
      mark('idle'),
    ),
  ).toEqual(['busy waiting_input', 'waiting_input', 'busy idle waiting_input', 'busy idle']);
});

it('RA-21: what the recording does not tell is left open: after marks that say nothing, and after its end', () => {
  expect(inFrames(mark('waiting_input'), typed(0, '\r'), frame(5_000), mark(null), frame(5_001))).toEqual([OPEN, OPEN]);
  // It worked without a key: something else had woken it.
  expect(inFrames(mark('idle'), frame(1), mark('busy'))).toEqual([OPEN]);
  expect(inFrames(mark('idle'), { type: 'over' }, frame(1))).toEqual([`booting ${OPEN}`]);
});
