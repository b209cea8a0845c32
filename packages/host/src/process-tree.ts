import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ProcessEntry, listProcesses, startTimeOf } from './process-table.ts';

/** What makes a process a member: the mark, a working folder below `folder`, being or descending from one of `roots`. */
export interface ProcessTree {
  /** The value of ROUNDHOUSE_SANDBOX in the environment. */
  readonly mark: string;
  readonly folder?: string;
  readonly roots?: readonly number[];
}

/**
 * The pids of all live processes of a tree, the caller's own left out. Parentage alone loses a process that forked twice
 * and let its parent die; so, as Jenkins' ProcessTreeKiller does, a variable that every child inherits is looked for in
 * the environments, and for a process that cleared its environment its working folder speaks.
 */
export async function findProcesses(tree: ProcessTree): Promise<number[]> {
  return (await members(tree, [])).map((entry) => entry.pid);
}

/**
 * Interactive shells heed SIGHUP only. Sent together with SIGTERM it would end, at once and without their last words,
 * all the programs that tidy up at SIGTERM and know nothing of SIGHUP; so those get this head start.
 */
const HANG_UP_MS = 500;

/**
 * Ends a tree: SIGTERM, a moment later SIGHUP, after `graceMs` SIGKILL, and again for what was forked meanwhile, until
 * none is left or `killMs` more have passed. Resolves with the pids that are left: none, unless a process hangs in the
 * kernel or is not ours to end. Never ends the caller, nor pids in `except`. Asked twice it does nothing the second time.
 */
export async function endProcessTree(
  tree: ProcessTree & { readonly except?: readonly number[] },
  options: { readonly graceMs: number; readonly killMs: number },
): Promise<{ left: number[] }> {
  const except = tree.except ?? [];
  const graceEnd = Date.now() + options.graceMs;
  const hangUpAt = Date.now() + Math.min(options.graceMs / 4, HANG_UP_MS);
  for (const { signal, end } of [
    { signal: 'SIGTERM', end: hangUpAt },
    { signal: 'SIGHUP', end: graceEnd },
  ] as const) {
    if (await ask(tree, except, signal, end)) return { left: [] };
  }
  const killEnd = Date.now() + options.killMs;
  for (;;) {
    const found = await members(tree, except);
    if (found.length === 0) return { left: [] };
    if (Date.now() >= killEnd) return { left: found.map((entry) => entry.pid) };
    for (const entry of found) await send(entry, 'SIGKILL');
    await untilGone(found, killEnd);
  }
}

/** Sends `signal` once to each member, also to those that come later, until none is left (true) or `end` has come. */
async function ask(
  tree: ProcessTree,
  except: readonly number[],
  signal: NodeJS.Signals,
  end: number,
): Promise<boolean> {
  const asked = new Set<string>();
  while (Date.now() < end) {
    const found = await members(tree, except);
    if (found.length === 0) return true;
    for (const entry of found) {
      if (asked.has(identity(entry))) continue;
      asked.add(identity(entry));
      await send(entry, signal);
      // A stopped process takes the signal only when it goes on.
      await send(entry, 'SIGCONT');
    }
    await untilGone(found, end);
  }
  return false;
}

const identity = (entry: ProcessEntry): string => `${entry.pid}@${entry.startTime}`;

async function members(tree: ProcessTree, except: readonly number[]): Promise<ProcessEntry[]> {
  const folder = tree.folder === undefined ? null : await realpath(tree.folder).catch(() => tree.folder ?? null);
  const entries = await listProcesses();
  const roots = new Set(tree.roots);
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of entries) children.set(entry.parent, [...(children.get(entry.parent) ?? []), entry]);
  const found = new Map<number, ProcessEntry>();
  const waiting = entries.filter(
    ({ pid, mark, cwd }) =>
      mark === tree.mark || roots.has(pid) || (folder !== null && cwd !== null && isBelow(cwd, folder)),
  );
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    if (found.has(entry.pid)) continue;
    found.set(entry.pid, entry);
    waiting.push(...(children.get(entry.pid) ?? []));
  }
  return [...found.values()].filter(({ pid }) => pid !== process.pid && !except.includes(pid));
}

/** Linux says "/folder (deleted)" of a working folder that was removed. */
const isBelow = (cwd: string, folder: string): boolean => {
  const path = cwd.replace(/ \(deleted\)$/, '');
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
};

/** Between the scan and the signal a pid may have been given out again: the start time is compared first. */
async function send(entry: ProcessEntry, signal: NodeJS.Signals): Promise<void> {
  if ((await startTimeOf(entry.pid)) !== entry.startTime) return;
  try {
    process.kill(entry.pid, signal);
  } catch (error) {
    // ESRCH: it is gone. EPERM: it became another user; it is counted as left in the end.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** Waits until all are gone, at most to `end`. The system tells only a parent of an exit, so others have to look. */
async function untilGone(entries: readonly ProcessEntry[], end: number): Promise<void> {
  for (let pauseMs = 5; Date.now() < end; pauseMs = Math.min(pauseMs * 2, 100)) {
    const times = await Promise.all(entries.map(async (entry) => (await startTimeOf(entry.pid)) === entry.startTime));
    if (!times.includes(true)) return;
    await delay(Math.min(pauseMs, Math.max(end - Date.now(), 1)));
  }
}
