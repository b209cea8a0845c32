import { setImmediate as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { AGENTS } from '../agents/registry.ts';
import type { Screen } from '../domain/screen.ts';
import { type Fixture, fixtures, screensOf } from '../testing/recordings.ts';
import type { Recording } from './recording.ts';
import { replay } from './replay.ts';
import { type Read, scoreOf, truthOf } from './truth.ts';

interface Line {
  readonly t: number;
  readonly state: Read['read'];
  readonly mark?: string;
  readonly question?: string;
}

async function read({ recording, kind }: Pick<Fixture, 'recording' | 'kind'>): Promise<Line[]> {
  const lines: Line[] = [];
  await replay(recording, AGENTS[kind].signs, (replayed) => {
    if ('mark' in replayed) lines.push(replayed);
    else {
      const { state, question } = replayed.reading;
      lines.push({ t: replayed.t, state, ...(question === null ? {} : { question: JSON.stringify(question) }) });
    }
  });
  return lines;
}

let all: Fixture[] = [];
beforeAll(async () => {
  all = await fixtures();
});

describe('recordings of the real programs', () => {
  it('RA-8: are read without one idle or dialog missed or made up', async () => {
    const rows: (Read & { file: string; mark: string })[] = [];
    for (const fixture of all) {
      const marks = (await read(fixture)).flatMap(({ mark, state }) => (mark === undefined ? [] : [{ mark, state }]));
      const told = marks.flatMap(({ state, mark }, index) =>
        truthOf(marks, index, state).map((row) => ({ ...row, file: fixture.file, mark })),
      );
      rows.push(...told);
    }
    expect(rows.filter(({ truth, read: state }) => truth !== state)).toEqual([]);
    for (const state of ['idle', 'waiting_input', 'busy'] as const) {
      const score = scoreOf(state, rows);
      process.stderr.write(`${state}: precision ${score.precision}, recall ${score.recall}, ${score.marks} marks\n`);
      expect(score).toMatchObject({ precision: 1, recall: 1 });
      expect(score.marks).toBeGreaterThan(15);
    }
  });

  it('RA-9: give the same states at the same moments however their bytes are cut and however fast they come', async () => {
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
  });

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
