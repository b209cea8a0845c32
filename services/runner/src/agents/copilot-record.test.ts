import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@roundhouse/testkit';
import { expect, it } from 'vitest';
import { recordedSince } from './copilot-record.ts';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 10, 23, 12, 0, seconds));
const line = (type: string, seconds: number): string =>
  `${JSON.stringify({ type, data: { content: 'Go on.' }, id: 'x', timestamp: at(seconds).toISOString(), parentId: null })}\n`;

it('RX-18: a prompt is on record once it is written down whole, after it was entered', async () => {
  const home = await temporaryFolder();
  try {
    expect(await recordedSince(home.path, at(0))).toBe(false);
    const folder = join(home.path, '.copilot/session-state');
    const record = join(folder, '5f0c1d52', 'events.jsonl');
    await mkdir(join(folder, '5f0c1d52'), { recursive: true });
    await mkdir(join(folder, '.locks'));
    await appendFile(record, line('user.message', 1) + line('assistant.message', 5) + 'x'.repeat(2 * 1024 * 1024));
    expect(await recordedSince(home.path, at(2))).toBe(false);
    const written = line('user.message', 3);
    await appendFile(record, `\n${written.slice(0, -10)}`);
    expect(await recordedSince(home.path, at(2))).toBe(false);
    await appendFile(record, written.slice(-10) + line('assistant.message', 6));
    expect(await recordedSince(home.path, at(2))).toBe(true);
    expect(await recordedSince(home.path, at(4))).toBe(false);
  } finally {
    await home.remove();
  }
});
