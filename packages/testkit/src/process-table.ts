import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessRow {
  readonly pid: number;
  readonly ppid: number;
  /** When it started, in a form that differs for two processes that got the same pid. */
  readonly started: string;
  /** The command line, arguments joined by spaces. Of ended, unreaped ones: the name in brackets. */
  readonly command: string;
  /** Where it can be read (Linux, our own user): the working folder and the environment; else empty. */
  readonly folder: string;
  readonly environment: string;
  /** Ended, but its parent has not asked for its exit code yet. */
  readonly zombie: boolean;
}

/**
 * All processes of the machine. Written apart from @roundhouse/host on purpose: the check that nothing leaks must not
 * believe the code that ends things.
 */
export const processTable = (): Promise<ProcessRow[]> => (process.platform === 'linux' ? fromProc() : fromPs());

/** All that descend from `root` (not itself), in no order. */
export function descendantsOf(rows: readonly ProcessRow[], root: number): ProcessRow[] {
  const found: ProcessRow[] = [];
  const parents = [root];
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    const children = rows.filter(({ ppid }) => ppid === parent);
    found.push(...children);
    parents.push(...children.map(({ pid }) => pid));
  }
  return found;
}

async function fromProc(): Promise<ProcessRow[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const rows = await Promise.all(pids.map((pid) => rowOf(`/proc/${pid}`, Number(pid))));
  return rows.filter((row) => row !== null);
}

/** Null where the process ended while it was looked at. */
async function rowOf(folder: string, pid: number): Promise<ProcessRow | null> {
  const [stat, command, cwd, environment] = await Promise.all([
    readFile(`${folder}/stat`, 'utf8').catch(() => ''),
    readFile(`${folder}/cmdline`, 'utf8').catch(() => ''),
    readlink(`${folder}/cwd`).catch(() => ''),
    readFile(`${folder}/environ`, 'utf8').catch(() => ''),
  ]);
  // proc(5): "pid (name) state ppid …", and the name may have spaces and parentheses in it.
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 20) return null;
  return {
    pid,
    ppid: Number(fields[1]),
    started: fields[19] ?? '',
    command: command === '' ? `[${name}]` : command.replaceAll('\0', ' ').trim(),
    folder: cwd,
    environment,
    zombie: fields[0] === 'Z' || fields[0] === 'X',
  };
}

async function fromPs(): Promise<ProcessRow[]> {
  // `lstart` has five words: day name, month, day, time, year.
  const columns = ['-axww', '-o', 'pid=,ppid=,state=,lstart=,command='];
  const { stdout } = await promisify(execFile)('ps', columns, { maxBuffer: 16 * 1024 * 1024 });
  const pattern = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+((?:\S+\s+){4}\S+)\s+(.*)$/;
  return stdout.split('\n').flatMap((line) => {
    const match = pattern.exec(line);
    if (match === null) return [];
    const [, pid, ppid, state = '', started = '', command = ''] = match;
    const zombie = state.startsWith('Z');
    return [{ pid: Number(pid), ppid: Number(ppid), started, command, folder: '', environment: '', zombie }];
  });
}
