import { InvalidArgumentError } from 'commander';

const SECONDS = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
const DURATION = /^(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?$/;

/** Seconds of `90s`, `15m`, `2h`, `1h30m`, `1d`; a bare number is seconds. */
export function duration(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  const found = text === '' ? null : DURATION.exec(text);
  if (found === null) throw new InvalidArgumentError('It must be a duration, such as 90s, 15m, 2h or 1h30m.');
  const [, d = '0', h = '0', m = '0', s = '0'] = found;
  return Number(d) * SECONDS.d + Number(h) * SECONDS.h + Number(m) * SECONDS.m + Number(s);
}

/** The other way, for a person: `1h30m`. */
export function durationWords(seconds: number): string {
  let left = seconds;
  const parts = Object.entries(SECONDS).flatMap(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? [] : [`${count}${unit}`];
  });
  return parts.length === 0 ? '0s' : parts.join('');
}
