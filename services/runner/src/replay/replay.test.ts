import { setImmediate as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { AGENTS } from '../agents/registry.ts';
import type { Screen } from '../domain/screen.ts';
import type { Sighting, Signs } from '../domain/signs.ts';
import { type Fixture, fixtures, screensOf } from '../testing/recordings.ts';
import type { Recording } from './recording.ts';
import { TAKEN_MS } from './possible-states.ts';
import { replay } from './replay.ts';
import { type Read, type Rows, rowsOf, scoreLines, scoreOf, SCORED, type Seen } from './truth.ts';

interface Line {
  readonly t: number;
  readonly state: Read['read'];
  readonly mark?: string;
  readonly question?: string;
}

async function read({ recording, kind }: Pick<Fixture, 'recording' | 'kind'>): Promise<Line[]> {
  const lines: Line[] = [];
  await replay(recording, AGENTS[kind].signs, (replayed) => {
    if (!('reading' in replayed)) {
      // How many frames there are is a matter of how the bytes came.
      if (replayed.type === 'mark') lines.push(replayed);
    } else {
      const { state, question } = replayed.reading;
      lines.push({ t: replayed.t, state, ...(question === null ? {} : { question: JSON.stringify(question) }) });
    }
  });
  return lines;
}

/** All recordings through the whole reader: seconds, and many on a busy machine. */
const REPLAY_MS = 120_000;

const MADE_UP = {
  kind: 'permission',
  text: 'May I?',
  options: ['Yes', 'No'],
  selected: 0,
  layout: 'list',
  rows: [0, 1],
  drawn: ['Yes', 'No'],
  textOptions: [],
  typing: null,
} as const;

let all: Fixture[] = [];
beforeAll(async () => {
  all = await fixtures();
});

describe('recordings of the real programs', () => {
  it(
    'RA-8, RA-21: are read without one idle or dialog missed or made up, at any mark and in any frame',
    async () => {
      const { marks, frames, back } = await readAll(all, (kind) => AGENTS[kind].signs);
      const wrong = [...marks, ...frames].filter(
        ({ possible, read: state }) => possible.length === 1 && possible[0] !== state,
      );
      expect(wrong).toEqual([]);
      for (const line of [...scoreLines(marks, 'marks'), ...scoreLines(frames, 'frames')])
        process.stderr.write(`${line}\n`);
      for (const state of SCORED) {
        for (const [rows, least] of [[marks, 15] as const, [frames, 100] as const]) {
          const score = scoreOf(state, rows);
          expect([state, score]).toMatchObject([state, { precision: 1, recall: 1 }]);
          expect(score.told).toBeGreaterThan(least);
        }
      }
      // Of a dialog it is nearly always told whether there was one.
      expect(scoreOf('waiting_input', frames).untold).toBeLessThan(frames.length / 4);
      // When a program stopped working is not told. But it stopped once: these two alone are woken by what a tool brings.
      expect(back.filter((file) => !/autobackground|mcp-tasks/.test(file))).toEqual([]);
      expect(new Set(back).size).toBe(2);
    },
    REPLAY_MS,
  );

  it('RA-21: no worse rule passes, also where it errs between the marks alone', async () => {
    const few = all.filter(({ file }) => /^(?:claude-[\d.]+|gemini-[\d.]+|opencode-[\d.]+)-permission/.test(file));
    expect(few).toHaveLength(3);
    const worse = async (state: Read['read'], spoil: (signs: Signs) => Signs) => {
      const { marks, frames } = await readAll(few, (kind) => spoil(AGENTS[kind].signs));
      return [marks, frames].map((rows) => {
        const { precision, recall } = scoreOf(state, rows);
        return precision === 1 && recall === 1;
      });
    };
    const look = (signs: Signs, changes: (seen: Sighting) => Partial<Sighting>): Signs => ({
      ...signs,
      look: (screen) => {
        const seen = signs.look(screen);
        return { ...seen, ...changes(seen) };
      },
    });
    expect(await worse('waiting_input', (signs) => signs)).toEqual([true, true]);
    // No dialog is seen; every title says that it waits, and no work is seen.
    expect((await worse('waiting_input', (signs) => look(signs, () => ({ dialog: null }))))[1]).toBe(false);
    const misled = (signs: Signs): Signs => ({
      ...look(signs, () => ({ working: null })),
      titleSays: (title) => (signs.titleSays(title) === null ? null : 'idle'),
    });
    expect((await worse('idle', misled))[1]).toBe(false);
    // A dialog is made up while somebody types: no mark stands there.
    const flickering = (signs: Signs): Signs =>
      look(signs, ({ input }) => (input?.startsWith('RUN') === true ? { dialog: MADE_UP } : {}));
    expect(await worse('waiting_input', flickering)).toEqual([true, false]);
  });

  it(
    'RA-9: give the same states at the same moments however their bytes are cut and however fast they come',
    async () => {
      const small = all.filter(({ recording }) => recording.chunks.length < 600);
      expect(small.length).toBeGreaterThan(8);
      const known = new Map<string, Line[]>();
      const piece = fc.integer({ min: 1, max: 4_000 });
      const order = fc.record({
        index: fc.nat({ max: small.length - 1 }),
        sizes: fc.array(piece, { minLength: 1, maxLength: 40 }),
        paused: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(order, async ({ index, sizes, paused }) => {
          const fixture = small[index] as Fixture;
          const whole = known.get(fixture.file) ?? (await read(fixture));
          known.set(fixture.file, whole);
          if (paused) await pause();
          expect(await read({ ...fixture, recording: cut(fixture.recording, sizes) })).toEqual(whole);
        }),
        { numRuns: 12, verbose: 1 },
      );
    },
    REPLAY_MS,
  );

  it('RA-10: are not fooled by what another agent shows, quoted in what they print', async () => {
    const shown = await Promise.all(
      all.map(async ({ kind, recording }) => ({ kind, screens: await screensOf(recording) })),
    );
    const pick = (wanted: RegExp) =>
      shown.flatMap(({ kind, screens }) =>
        screens.filter(({ mark }) => wanted.test(mark)).map(({ screen }) => ({ kind, screen })),
      );
    const quotable = pick(/^(?:permission|blocked|busy)/);
    let tried = 0;
    for (const { kind, screen } of pick(/^(?:idle-(?!start)|done)/)) {
      const { look } = AGENTS[kind].signs;
      // A mark after a step that timed out may show a dialog of its own.
      if (look(screen).dialog !== null) continue;
      for (const { screen: other } of quotable) {
        const seen = look(quoting(screen, other));
        expect({ kind, ...seen }).toMatchObject({ dialog: null, input: look(screen).input });
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(1_000);
  });
});

/**
 * What is read in recordings by these rules, beside the truth; `back`: the file, each time that work was read after waiting
 * without a key in between.
 */
async function readAll(
  from: readonly Fixture[],
  signsOf: (kind: Fixture['kind']) => Signs,
): Promise<Rows & { back: string[] }> {
  const rows: Rows[] = [];
  const back: string[] = [];
  for (const { recording, kind, file } of from) {
    const seen: Seen[] = [];
    // Before the first key it may still be starting.
    let typedAt = Infinity;
    let waits = false;
    await replay(recording, signsOf(kind), (replayed) => {
      if ('reading' in replayed) {
        const { state } = replayed.reading;
        if (waits && state === 'busy' && typedAt !== Infinity) back.push(file);
        waits = state === 'idle' || (state === 'waiting_input' && replayed.t > typedAt + TAKEN_MS);
        return;
      }
      if (replayed.type === 'typed') {
        typedAt = replayed.t;
        waits = false;
      }
      seen.push(replayed);
    });
    rows.push(rowsOf(seen));
  }
  return { marks: rows.flatMap(({ marks }) => marks), frames: rows.flatMap(({ frames }) => frames), back };
}

/** The same bytes at the same instants, in other pieces. */
function cut(recording: Recording, sizes: readonly number[]): Recording {
  let next = 0;
  const chunks = recording.chunks.flatMap(([t, data]) => {
    const bytes = Buffer.from(data, 'base64');
    const pieces: [number, string][] = [];
    for (let from = 0; from < bytes.length;) {
      const size = sizes[next % sizes.length] ?? 1;
      next += 1;
      pieces.push([t, bytes.subarray(from, from + size).toString('base64')]);
      from += size;
    }
    return pieces;
  });
  return { ...recording, chunks };
}

/** The other screen in the transcript of this one: down to where its own lower end begins. */
function quoting(screen: Screen, other: Screen): Screen {
  const depth = screen.lines.findLastIndex((line) => line.trim() !== '') - 11;
  const text = other.lines.filter((line) => line.trim() !== '').slice(-depth);
  const lines = screen.lines.map((line, row) => (row < depth ? (text[row] ?? '') : line));
  return { ...screen, lines, shades: (row) => (row < depth ? [] : screen.shades(row)) };
}
