import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainText } from '@roundhouse/contracts';
import { type TemporaryFolder, temporaryFolder } from '@roundhouse/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineTerminal } from './line-terminal.ts';
import { OutputReader } from './output-reader.ts';
import { ReaderShelf } from './reader-shelf.ts';

const SIZE = { cols: 20, rows: 5 };
const never = new AbortController().signal;

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

async function shown(chunks: readonly Uint8Array[], size = SIZE): Promise<{ text: string; screen: string }> {
  const terminal = new LineTerminal(size);
  for (const chunk of chunks) await terminal.write(chunk);
  const settled = Array.from({ length: terminal.settled }, (_, row) => terminal.settledText(row));
  const seen = { text: [...settled, ...terminal.unsettledTexts()].join(''), screen: terminal.screenTexts().join('') };
  terminal.close();
  return seen;
}

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

/** What programs print, and what they would to do harm: text, moves, erasures, both buffers, resets, and any bytes. */
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }).map(bytes) },
  { weight: 4, arbitrary: fc.constantFrom('\r\n', '\n', '\r', '\t', '\b', '\u0007', '\u000b').map(bytes) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        fc.constantFrom('', '?', '>', '!'),
        fc.array(fc.oneof(fc.nat(60), fc.constantFrom(1_049, 47, 2_147_483_647)), { maxLength: 3 }),
        fc.constantFrom(...'ABCDEFGHIJKLMPSTXZbdhlmnrsu@'),
      )
      .map(([prefix, parameters, final]) => bytes(`\u001b[${prefix}${parameters.join(';')}${final}`)),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        '\u001bc',
        '\u001b[3J',
        '\u001b[2J',
        '\u001bM',
        '\u001bD',
        '\u001bE',
        '\u001b[?1049h',
        '\u001b[?1049l',
      )
      .map(bytes),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('\u001b]8;;http://x\u0007y\u001b]8;;\u0007', '\u001b]0;title', '\u001bP', '\u202e', '\u0085')
      .map(bytes),
  },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }).map((data) => Buffer.from(data)) },
);
const stream = fc.array(piece, { maxLength: 60 }).map((pieces) => Buffer.concat(pieces));

/** The same bytes, cut where the numbers say. */
function cut(data: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map((place) => place % (data.length + 1)), data.length])].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((place, index) => data.subarray(places[index], place));
}

const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

describe('recordings as lines', () => {
  it('TO-1: whatever was printed, nothing that acts on a terminal or hides comes out of it', async () => {
    await fc.assert(
      fc.asyncProperty(stream, async (data) => {
        const { text, screen } = await shown([data]);
        expect(UNSEEN.test(plainText(text))).toBe(false);
        expect(UNSEEN.test(plainText(screen))).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it('TO-2: the same bytes give the same lines, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(stream, fc.array(fc.nat(), { maxLength: 30 }), async (data, cuts) => {
        expect(await shown(cut(data, cuts))).toEqual(await shown([data]));
      }),
      { numRuns: 150 },
    );
  });

  it('TO-2: lines that scroll off by the thousand in one write are all there', async () => {
    const lines = Array.from({ length: 9_000 }, (_, line) => `${line}\n`);
    const { text } = await shown([bytes(lines.join('\r'))]);
    expect(text).toBe(lines.join(''));
    const wide = 'x'.repeat(50_000);
    expect((await shown([bytes(wide)])).text).toBe(`${wide}\n`);
    const inAndOut = lines.map((line) => `\u001b[?1049h\u001b[?1049l\r${line}`).join('');
    expect((await shown([bytes(inAndOut)])).text).toBe(lines.join(''));
  });

  it('TO-3: pages by cursor join to the whole, also while more is printed', async () => {
    const file = join(folder.path, 'recording');
    await fc.assert(
      fc.asyncProperty(
        stream,
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.integer({ min: 21, max: 400 }),
        async (data, cuts, limit) => {
          const whole = (await shown([data])).text;
          const shelf = new ReaderShelf();
          let joined = '';
          let from = 0;
          let printed = Buffer.alloc(0);
          for (const part of cut(data, cuts)) {
            printed = Buffer.concat([printed, part]);
            await writeFile(file, printed);
            for (let page; (page = await shelf.page({ file, ...SIZE, from, limit }, never)).unsettled === 0;) {
              if (page.nextLine > from + 1) expect(page.text.length).toBeLessThanOrEqual(limit);
              if (page.more) expect(page.nextLine).toBeGreaterThan(from);
              expect(page.firstLine).toBe(from);
              joined += page.text;
              from = page.nextLine;
              if (!page.more) break;
            }
          }
          await writeFile(file, data);
          expect(joined + (await shelf.page({ file, ...SIZE, from, limit: 1e9 }, never)).text).toBe(whole);
          expect((await shelf.page({ file, ...SIZE, from: 0, limit: 1e9 }, never)).text).toBe(whole);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('TO-3: a row that is longer than a page is a page of its own', async () => {
    const file = join(folder.path, 'recording');
    const marked = `e${'\u0301'.repeat(100)}`;
    await writeFile(file, `${marked}\r\n${'x\r\n'.repeat(9)}`);
    const page = await new ReaderShelf().page({ file, ...SIZE, from: 0, limit: 21 }, never);
    expect([page.text, page.nextLine, page.more]).toEqual([`${marked}\n`, 1, true]);
  });

  it('TO-3: the last page is the end of the whole, and a page that is asked for again is the same', async () => {
    const file = join(folder.path, 'recording');
    const lines = Array.from({ length: 30_000 }, (_, line) => `line ${line}\n`);
    await writeFile(file, lines.join('\r'));
    const shelf = new ReaderShelf();
    const tail = await shelf.page({ file, ...SIZE, from: 'end', limit: 1_000 }, never);
    expect(lines.join('').endsWith(tail.text)).toBe(true);
    expect(tail).toMatchObject({ lines: 30_000, more: false, unsettled: 5, nextLine: 29_995 });
    expect(tail.text.length).toBeGreaterThan(980);
    let from = 0;
    let joined = '';
    for (let more = true; more;) {
      const page = await shelf.page({ file, ...SIZE, from, limit: 10_000 }, never);
      expect(await shelf.page({ file, ...SIZE, from, limit: 10_000 }, never)).toEqual(page);
      joined += page.text;
      ({ more, nextLine: from } = page);
    }
    expect(joined).toBe(lines.join(''));
    // Far behind what is remembered: it is read again.
    expect((await shelf.page({ file, ...SIZE, from: 10, limit: 8 }, never)).text).toBe('line 10\n');
  });

  it('TO-4: a program of the whole screen: what was before it, and the screen as it is', async () => {
    const before = 'a\r\nb\r\nc\r\nd\r\ne\r\nf\r\n';
    const full = `${before}\u001b[?1049h\u001b[H\u001b[2JMENU\u001b[3;1Hone\u001b[3;1Htwo`;
    expect(await shown([bytes(full)])).toEqual({ text: 'a\nb\nMENU\n\ntwo\n', screen: 'MENU\n\ntwo\n' });
    expect((await shown([bytes(`${full}\u001b[?1049l`)])).text).toBe('a\nb\nc\nd\ne\nf\n');
    // Repainted in place: each line once, as it is now.
    const spinner = Array.from({ length: 50 }, (_, frame) => `\r\u001b[2K${frame}% done`).join('');
    expect((await shown([bytes(spinner)])).text).toBe('49% done\n');
    // A scrollback that the program wipes is what was seen before, and stays.
    expect((await shown([bytes(`${before}\u001b[2J\u001b[3J\u001b[Hnew`)])).text).toBe('a\nb\nnew\n');
  });

  it('TO-5: what is cut says so: a screen that is longer than a page, a row without an end', async () => {
    const file = join(folder.path, 'recording');
    await writeFile(file, 'one\r\ntwo\r\nthree');
    const reader = new OutputReader(file, SIZE);
    expect(await reader.screen(10, never)).toMatchObject({ text: 'two\nthree\n', dropped: 1 });
    reader.close();
    const { text } = await shown([bytes(`a${'\u0301'.repeat(100_000)}`)]);
    expect(text.length).toBeLessThan(4_100);
    expect(text).toMatch(/ \[9\d{4} characters more\]\n$/);
  });

  it('TO-6: sequences that repeat themselves two billion times hold nobody up', async () => {
    const hostile = [...'ILMSTZb@PX'].map((final) => `x\u001b[2147483647${final}`).join('');
    expect((await shown([bytes(`${hostile.repeat(50)}\u001b[Hend`)])).screen).toContain('end');
  });

  it('TO-6: a reading that is cancelled goes on from where it is', async () => {
    const place = join(folder.path, 'deep');
    await mkdir(place);
    const file = join(place, 'recording');
    await writeFile(file, 'line\r\n'.repeat(100_000));
    const shelf = new ReaderShelf();
    const gone = AbortSignal.abort(new Error('nobody waits'));
    await expect(shelf.page({ file, ...SIZE, from: 'end', limit: 100 }, gone)).rejects.toThrow('nobody waits');
    expect(await shelf.page({ file, ...SIZE, from: 'end', limit: 100 }, never)).toMatchObject({ lines: 100_000 });
  });
});
