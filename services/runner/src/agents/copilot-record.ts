import { join } from 'node:path';
import { z } from 'zod';
import { lastEntries, namesIn } from './record-file.ts';

const Prompt = z.looseObject({ type: z.literal('user.message'), timestamp: z.iso.datetime() });

/**
 * Whether Copilot has written down a prompt since then. It does so some 100 ms after it has begun to work on it, and what it has not
 * written down is gone when it dies. @throws what the system says of a record that is there and cannot be read
 */
export async function recordedSince(home: string, since: Date): Promise<boolean> {
  const folder = join(home, '.copilot', 'session-state');
  for (const name of await namesIn(folder)) {
    const entries = await lastEntries(join(folder, name, 'events.jsonl'), '"user.message"');
    if (entries.some((entry) => isPromptSince(entry, since))) return true;
  }
  return false;
}

function isPromptSince(entry: unknown, since: Date): boolean {
  const { data } = Prompt.safeParse(entry);
  return data !== undefined && new Date(data.timestamp) >= since;
}
