import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/** One live process. What the system does not let us read is null. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Tells a pid that was given out again from the process that had it before; opaque. */
  readonly startTime: string;
  /** The value of the sandbox mark in its environment. */
  readonly mark: string | null;
  readonly cwd: string | null;
}

/** The variable that marks the processes of a sandbox: SANDBOX_MARK of the contracts, which this package does not know. */
export const MARK_VARIABLE = 'ROUNDHOUSE_SANDBOX';

const READERS = 16;
const MARK_PREFIX = `${MARK_VARIABLE}=`;

let running: Promise<ProcessEntry[]> | null = null;
let next: Promise<ProcessEntry[]> | null = null;

/**
 * All live processes (zombies are not: nothing can end them but their parent). A caller that comes while a scan runs
 * gets the scan after it, which all such callers share: ending a hundred sandboxes at once costs a few scans, and nobody
 * sees a table that is older than its question.
 */
export function listProcesses(): Promise<ProcessEntry[]> {
  if (running === null) {
    running = scan().finally(() => {
      running = null;
    });
    return running;
  }
  next ??= running
    .then(
      () => undefined,
      () => undefined,
    )
    .then(() => {
      next = null;
      return listProcesses();
    });
  return next;
}

const scan = (): Promise<ProcessEntry[]> => (process.platform === 'linux' ? scanProc() : scanPs());

/** The start time of a live process, or null where there is none (a zombie counts as none). */
export async function startTimeOf(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') {
    return (await scanPs()).find((entry) => entry.pid === pid)?.startTime ?? null;
  }
  return parseStat(await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''))?.startTime ?? null;
}

async function scanProc(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: ProcessEntry[] = [];
  const take = async (): Promise<void> => {
    for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
      const entry = await readEntry(pid);
      if (entry !== null) found.push(entry);
    }
  };
  await Promise.all(Array.from({ length: READERS }, take));
  return found;
}

// A read fails where the process ended meanwhile or belongs to another user: both are no member of a sandbox of ours.
async function readEntry(pid: number): Promise<ProcessEntry | null> {
  const [stat, environment, cwd] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''),
    readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''),
    readlink(`/proc/${pid}/cwd`).catch(() => null),
  ]);
  const parsed = parseStat(stat);
  if (parsed === null) return null;
  const mark = environment.split('\0').find((variable) => variable.startsWith(MARK_PREFIX));
  return { pid, ...parsed, mark: mark?.slice(MARK_PREFIX.length) ?? null, cwd };
}

/** proc(5): the name in parentheses may hold anything, so fields are counted from the last ")". */
function parseStat(stat: string): { parent: number; startTime: string } | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  const startTime = fields[19];
  if (state === undefined || parent === undefined || startTime === undefined) return null;
  return state === 'Z' || state === 'X' ? null : { parent: Number(parent), startTime };
}

/** macOS has no /proc. `ps -E` shows the environment behind the command; working folders would need lsof as root. */
async function scanPs(): Promise<ProcessEntry[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-E', '-ww', '-o', 'pid=,ppid=,state=,lstart=,command='], {
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    timeout: 10_000,
  });
  return stdout.split('\n').flatMap((line) => {
    const fields = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(line);
    if (fields === null || (fields[3] as string).startsWith('Z')) return [];
    const mark = new RegExp(`(?:^|\\s)${MARK_PREFIX}(\\S+)`).exec(fields[5] as string);
    return [
      {
        pid: Number(fields[1]),
        parent: Number(fields[2]),
        startTime: fields[4] as string,
        mark: mark?.[1] ?? null,
        cwd: null,
      },
    ];
  });
}
