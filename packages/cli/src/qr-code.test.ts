import decodeQR from 'qr/decode.js';
import { describe, expect, it } from 'vitest';
import { qrLines } from './qr-code.ts';

/** How many pixels a module has on both sides: a camera sees more than one, too. */
const SCALE = 4;

/** What a camera sees of the printed lines. */
function pictureOf(lines: readonly string[]) {
  const rows = lines.flatMap((line) => [
    [...line].map((character) => '█▀'.includes(character)),
    [...line].map((character) => '█▄'.includes(character)),
  ]);
  const width = (rows[0]?.length ?? 0) * SCALE;
  const height = rows.length * SCALE;
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const light = rows[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] ?? false;
      if (!light) data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}

describe('a QR code in the terminal', () => {
  it('IA-21: reads as the token that it was made of, in no more lines than a terminal has', () => {
    const token = `rh_mobile_${'0123456789abcdef'.repeat(2)}_${'Ab-_'.repeat(10)}xyz`;
    const lines = qrLines(token);
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(decodeQR(pictureOf(lines))).toBe(token);
  });
});
