import { join } from 'node:path';
import { z } from 'zod';
import { lastEntries, namesIn } from './record-file.ts';

/** What a tool answered is kept as said by the user too, and so is what nobody typed and what another agent of it was told. */
const Prompt = z.looseObject({
  type: z.literal('user'),
  timestamp: z.iso.datetime(),
  isSidechain: z.literal(false).optional(),
  isMeta: z.literal(false).optional(),
  message: z.looseObject({
    content: z.union([z.string(), z.array(z.looseObject({ type: z.enum(['text', 'image', 'document']) }))]),
  }),
});

/**
 * Whether Claude Code has written down a prompt since then. It collects for some 100 ms what it writes, while it works on it already,
 * and what it has not written down is gone when it dies. @throws what the system says of a record that is there and cannot be read
 */
export async function recordedSince(home: string, since: Date): Promise<boolean> {
  const projects = join(home, '.claude', 'projects');
  for (const project of await namesIn(projects)) {
    const records = (await namesIn(join(projects, project))).filter((name) => name.endsWith('.jsonl'));
    for (const record of records) {
      const entries = await lastEntries(join(projects, project, record), '"user"');
      if (entries.some((entry) => isPromptSince(entry, since))) return true;
    }
  }
  return false;
}

function isPromptSince(entry: unknown, since: Date): boolean {
  const { data } = Prompt.safeParse(entry);
  return data !== undefined && new Date(data.timestamp) >= since;
}
