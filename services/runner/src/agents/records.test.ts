import { appendFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '@roundhouse/testkit';
import { expect, it } from 'vitest';
import * as claude from './claude-record.ts';
import * as copilot from './copilot-record.ts';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 10, 23, 12, 0, seconds));

/** How each program writes down a prompt, and what is none. */
const PROGRAMS = [
  {
    kind: 'claude',
    recordedSince: claude.recordedSince,
    file: '.claude/projects/-box-worktree/4b9cbb6c-8a2c-4a43-9d0e-2f3e0d2b8a11.jsonl',
    folders: ['.claude/projects/-box-worktree/4b9cbb6c-8a2c-4a43-9d0e-2f3e0d2b8a11/subagents'],
    prompt: { isSidechain: false, type: 'user', message: { role: 'user', content: 'Go on.' } },
    others: [
      { isSidechain: false, type: 'assistant', message: { role: 'assistant', content: [] } },
      { isSidechain: false, type: 'user', message: { role: 'user', content: [{ type: 'tool_result' }] } },
      { isSidechain: false, type: 'user', message: { role: 'user', content: '<caveat>' }, isMeta: true },
      { isSidechain: true, type: 'user', message: { role: 'user', content: 'Look for it.' } },
    ],
  },
  {
    kind: 'copilot',
    recordedSince: copilot.recordedSince,
    file: '.copilot/session-state/5f0c1d52/events.jsonl',
    folders: ['.copilot/session-state/.locks'],
    prompt: { type: 'user.message', data: { content: 'Go on.' } },
    others: [{ type: 'assistant.message', data: { content: 'a "user.message"' } }],
  },
];

it.each(PROGRAMS)(
  'RX-18: a prompt of $kind is on record once it is written down whole, after it was entered',
  async (program) => {
    const { recordedSince } = program;
    const line = (entry: object, seconds: number): string =>
      `${JSON.stringify({ ...entry, timestamp: at(seconds) })}\n`;
    const home = await temporaryFolder();
    try {
      expect(await recordedSince(home.path, at(0))).toBe(false);
      for (const folder of program.folders) await mkdir(join(home.path, folder), { recursive: true });
      const record = join(home.path, program.file);
      await mkdir(dirname(record), { recursive: true });
      const others = program.others.map((entry) => line(entry, 5)).join('');
      await appendFile(record, `${line(program.prompt, 1)}${others}${'x'.repeat(2 * 1024 * 1024)}\n${others}`);
      expect(await recordedSince(home.path, at(2))).toBe(false);
      const written = line(program.prompt, 3);
      // Cut where it ends like a whole one.
      const half = written.indexOf('}') + 1;
      await appendFile(record, written.slice(0, half));
      expect(await recordedSince(home.path, at(2))).toBe(false);
      await appendFile(record, written.slice(half) + others);
      expect(await recordedSince(home.path, at(2))).toBe(true);
      expect(await recordedSince(home.path, at(4))).toBe(false);
    } finally {
      await home.remove();
    }
  },
);
