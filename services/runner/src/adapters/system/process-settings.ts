import { readFile, readdir } from 'node:fs/promises';

/** What a process of the same user may change of another: limits, score, what a core holds. */
const FILES = ['limits', 'oom_score_adj', 'coredump_filter'];
/** The same of each thread, as proc(5) has it: counted from behind the name, which may hold anything, the third is 0. */
const STAT_FIELDS = { nice: 16, priority: 37, policy: 38 } as const;

/**
 * All that an agent can have changed of its runner and of its init without touching a file, as one text to compare:
 * unlike its own processes those two outlive it, and what it took from them (open files, processors, a place behind
 * others when memory is short) the next attempt would be without. Null where the system has no /proc.
 */
export async function processSettings(pids: readonly number[]): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  return (await Promise.all(pids.map(settingsOf))).join('\n');
}

async function settingsOf(pid: number): Promise<string> {
  const files = await Promise.all(FILES.map((name) => readFile(`/proc/${pid}/${name}`, 'latin1')));
  const threads = await Promise.all(
    (await readdir(`/proc/${pid}/task`)).map((id) => threadOf(`/proc/${pid}/task/${id}`)),
  );
  // Threads come and go; what counts is that none differs.
  const kinds = [...new Set(threads.filter((thread) => thread !== null))].toSorted();
  return [...files, ...kinds].join('\n');
}

/** Null where it has just ended. */
async function threadOf(folder: string): Promise<string | null> {
  const [stat, status] = await Promise.all(
    ['stat', 'status'].map((name) => readFile(`${folder}/${name}`, 'latin1').catch(() => '')),
  );
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const processors = /^Cpus_allowed:\s*(\S+)$/m.exec(status ?? '')?.[1];
  if (fields.length <= STAT_FIELDS.policy || processors === undefined) return null;
  return [fields[STAT_FIELDS.nice], fields[STAT_FIELDS.priority], fields[STAT_FIELDS.policy], processors].join(' ');
}
