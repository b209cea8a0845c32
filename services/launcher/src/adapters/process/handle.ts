import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AttemptNumber, SandboxProfile, Uuid } from '@roundhouse/contracts';
import { startTimeOf, writeFileAtomic } from '@roundhouse/host';
import { z } from 'zod';

const WARM_NAME = /^warm-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** How a launcher that was restarted finds a runner again: a pid alone may be another process by now. */
const Handle = z.object({
  name: z.string().describe('The mark in the environment of the runner, which stays when it is given an attempt.'),
  taskId: Uuid.nullable().describe('Null where it was started warm; its folder is named after its attempt then.'),
  attempt: AttemptNumber.nullable(),
  profile: SandboxProfile.nullable().default(null).describe('What it was started for where it was started warm.'),
  runner: z.string().default('').describe('The version of its program.'),
  pid: z.int().min(1),
  startTime: z.string().nullable().describe('Null where it ended before it could be looked at.'),
  createdAt: z.iso.datetime(),
});
export type Handle = z.infer<typeof Handle>;

export const HANDLE_FILE = 'handle.json';
const TAKEN = 'taken';

export const writeHandle = (folder: string, handle: Handle): Promise<void> =>
  writeFileAtomic(join(folder, HANDLE_FILE), JSON.stringify(handle), { mode: 0o600 });

/** Null where there is none. A file that an agent has spoilt names nobody; its processes are found by their mark. */
export async function readHandle(folder: string): Promise<Handle | null> {
  const text = await readFile(join(folder, HANDLE_FILE), 'utf8').catch(() => null);
  return text === null ? null : (Handle.safeParse(parseJson(text)).data ?? null);
}

export const isAlive = async ({ pid, startTime }: Handle): Promise<boolean> =>
  startTime !== null && (await startTimeOf(pid)) === startTime;

/** The pid of the folder's runner while it lives, else null. */
export async function livePid(folder: string): Promise<number | null> {
  const handle = await readHandle(folder);
  return handle !== null && (await isAlive(handle)) ? handle.pid : null;
}

/**
 * The runner in an attempt's folder has that attempt. One that was warm has been given it when the folder got its name,
 * and may not have taken it: a launcher that dies in between leaves a runner that waits for ever.
 */
export const hasTaken = async (folder: string, handle: Handle): Promise<boolean> =>
  handle.taskId !== null ||
  (await access(join(folder, TAKEN)).then(
    () => true,
    () => false,
  ));

/** One step and no content, for it stands in the way of a hand-over. */
export async function markTaken(folder: string): Promise<void> {
  await mkdir(join(folder, TAKEN), { recursive: true });
}

/** The mark of a runner that was started warm, else null. The handle is the agent's too: it may name no run. */
export const warmMark = (handle: Handle | null): string | null =>
  handle !== null && WARM_NAME.test(handle.name) ? handle.name : null;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
