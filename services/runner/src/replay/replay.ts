import { TerminalModel } from '../adapters/pty/terminal-model.ts';
import type { Reading } from '../domain/activity.ts';
import type { Signs } from '../domain/signs.ts';
import { ActivityReader, type ShownDialog } from '../handlers/read-activity.ts';
import type { Recording } from './recording.ts';
import type { Seen } from './truth.ts';
import { VirtualTime } from './virtual-time.ts';

export type Replayed = { readonly t: number; readonly reading: Reading; readonly dialog: ShownDialog | null } | Seen;

type Step =
  | { readonly t: number; readonly type: 'output'; readonly data: Uint8Array }
  | { readonly t: number; readonly type: 'mark'; readonly name: string }
  | { readonly t: number; readonly type: 'typed'; readonly text: string };

/** What happened at the same instant: a mark was made of what had been printed, and before the next key. */
const ORDER = { output: 0, mark: 1, typed: 2 } as const;

/** For how long nothing happens at the end of a recording. */
const AFTER_THE_END_MS = 1_000;
/** While nothing comes, a frame is as long as this. */
const FRAME_MS = 250;

/**
 * Reads a recording as the runner reads an agent: the same terminal, the same reader, with the recording's own time. Tells
 * each change, mark and key, in order, and each frame at its end, with what was read by then: a frame begins with output, and
 * ends before whatever comes next, or goes on as another one while nothing does.
 */
export async function replay(recording: Recording, signs: Signs, tell: (replayed: Replayed) => void): Promise<void> {
  const time = new VirtualTime();
  const reader = new ActivityReader(signs, time, (reading) => tell({ t: time.now(), reading, dialog: reader.dialog }));
  const terminal = new TerminalModel(recording, time, {
    onStatus: (status) => reader.status(status),
    onTitle: (title) => reader.title(title),
    onSettled: () => reader.settled(terminal.view),
    // Its answers are in the recording, and the program's answers to those.
    onReply: () => undefined,
    onPressure: () => undefined,
  });
  let isFrame = false;
  const frame = (): void => {
    if (isFrame) tell({ type: 'frame', t: time.now(), state: reader.reading.state });
  };
  const passUntil = (instant: number): void => {
    for (let end = time.now() + FRAME_MS; end < instant; end += FRAME_MS) {
      time.moveTo(end);
      frame();
      isFrame = true;
    }
    time.moveTo(instant);
    frame();
  };
  try {
    for (const step of stepsOf(recording)) {
      passUntil(step.t);
      isFrame = step.type === 'output';
      if (step.type === 'mark') tell({ type: 'mark', t: step.t, mark: step.name, state: reader.reading.state });
      else if (step.type === 'typed') {
        tell(step);
        reader.typed(step.text);
      } else {
        terminal.write(step.data);
        await terminal.settled();
      }
    }
    // It was not recorded what came then: what is read there is no frame.
    time.moveTo(time.now() + AFTER_THE_END_MS);
  } finally {
    reader.close();
    terminal.close();
  }
}

function stepsOf({ chunks, input, marks }: Recording): Step[] {
  const steps: Step[] = [
    ...chunks.map(([t, data]): Step => ({ t, type: 'output', data: Buffer.from(data, 'base64') })),
    ...input.flatMap(([t, text, by]): Step[] => (by === undefined ? [{ t, type: 'typed', text }] : [])),
    ...marks.map(({ t, name }): Step => ({ t, type: 'mark', name })),
  ];
  return steps.toSorted((a, b) => a.t - b.t || ORDER[a.type] - ORDER[b.type]);
}
