import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Directive, numberIn } from '../directive.ts';
import { unescapeText } from '../split-arguments.ts';

const MAX_SLEEP_MS = 3_600_000;
const MAX_FLOOD_BYTES = 1024 * 1024 * 1024;
const FLOOD_LINE = `${'.'.repeat(78)}\n`;
const FLOOD_CHUNK = FLOOD_LINE.repeat(800);

export const print: Directive = ({ screen }, rest, block) => screen.line(block ?? unescapeText(rest));

/** Without a newline, so that the cursor stays behind it: what a program that waits for input looks like. */
export const glyph: Directive = ({ screen }, rest) => screen.raw(`${unescapeText(rest)} `);

export const title: Directive = ({ screen }, rest) => screen.raw(`\u001b]2;${rest.replace(/\p{Cc}/gu, '')}\u001b\\`);

export const flood: Directive = async ({ screen, signal }, rest) => {
  let left = numberIn(rest, 'the number of bytes', MAX_FLOOD_BYTES);
  while (left > 0) {
    signal.throwIfAborted();
    const text = FLOOD_CHUNK.slice(0, left);
    left -= text.length;
    await screen.flushed(text);
  }
};

export const sleep: Directive = async ({ signal }, rest) => {
  await delay(numberIn(rest, 'the time in milliseconds', MAX_SLEEP_MS), undefined, { signal });
};

export const ask: Directive = async ({ screen, ask: question }, rest) => {
  const [text = '', ...options] = rest.split('|').map((part) => part.trim());
  if (text === '') throw new Error('the question is missing');
  const answer = await question(
    text,
    options.filter((option) => option !== ''),
  );
  screen.line(`answer: ${answer}`, 'yellow');
};

export const promptSha: Directive = ({ screen, prompt }) =>
  screen.line(`prompt sha256 ${createHash('sha256').update(prompt).digest('hex')} bytes ${prompt.length}`);

export const swallowEnter: Directive = ({ swallowEnters }, rest) =>
  swallowEnters(numberIn(rest, 'the number of Enters', 100));
