import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AttemptNumber, Uuid } from '@roundhouse/contracts';
import { startTimeOf, writeFileAtomic } from '@roundhouse/host';
import { z } from 'zod';

/** How a launcher that was restarted finds a runner again: a pid alone may be another process by now. */
const Handle = z.object({
  name: z.string(),
  taskId: Uuid,
  attempt: AttemptNumber,
  pid: z.int().min(1),
  startTime: z.string().nullable().describe('Null where it ended before it could be looked at.'),
  createdAt: z.iso.datetime(),
});
export type Handle = z.infer<typeof Handle>;

const FILE = 'handle.json';

export const writeHandle = (folder: string, handle: Handle): Promise<void> =>
  writeFileAtomic(join(folder, FILE), JSON.stringify(handle), { mode: 0o600 });

/** The pid of the folder's runner while it lives, else null. */
export async function livePid(folder: string): Promise<number | null> {
  const text = await readFile(join(folder, FILE), 'utf8').catch(() => null);
  if (text === null) return null;
  const handle = Handle.safeParse(parseJson(text));
  // A file that an agent has spoilt names nobody; the processes are found by their mark all the same.
  if (!handle.success || handle.data.startTime === null) return null;
  return (await startTimeOf(handle.data.pid)) === handle.data.startTime ? handle.data.pid : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
