import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import { descendantsOf, processTable, type ProcessRow } from './process-table.ts';
import { temporaryPrefix } from './temporary-folder.ts';
import { TimerWatch } from './timer-watch.ts';

/** What is there now, so that later only what is new counts. */
export interface Baseline {
  readonly processes: ReadonlySet<string>;
  readonly resources: ReadonlyMap<string, number>;
  readonly folders: ReadonlySet<string>;
  /** Watches the timers made from here on; whoever took the baseline stops it. */
  readonly timers: TimerWatch;
}

/** How long what was stopped may take to be gone: sockets close and processes are reaped a moment later. */
const SETTLE_MS = 5_000;

export async function takeBaseline(): Promise<Baseline> {
  const [processes, folders] = await Promise.all([ourProcesses(), ourFolders()]);
  const timers = new TimerWatch();
  timers.start();
  return { processes: new Set(processes.map(keyOf)), resources: openResources(), folders: new Set(folders), timers };
}

/**
 * What is open now and was not at the baseline, one line each: processes that descend from this one or that carry the
 * name of a temporary folder of it (in arguments, environment or working folder; so orphans too), sockets, servers and
 * timers of this process, and temporary folders. Looks again until nothing is left or `settleMs` have passed.
 */
export async function leaksSince(baseline: Baseline, settleMs = SETTLE_MS): Promise<string[]> {
  const until = performance.now() + settleMs;
  for (;;) {
    const leaks = await look(baseline);
    if (leaks.length === 0 || performance.now() > until) return leaks;
    await pause(20);
  }
}

/** Call once at the top of a test file: every test in it fails that leaves something open. */
export function failOnLeaks(): void {
  let baseline: Baseline | undefined;
  beforeEach(async () => {
    baseline = await takeBaseline();
  });
  afterEach(async () => {
    if (baseline === undefined) return;
    const leaks = await leaksSince(baseline);
    baseline.timers.stop();
    if (leaks.length > 0) throw new Error(`the test left open:\n  ${leaks.join('\n  ')}`);
  });
}

async function look(baseline: Baseline): Promise<string[]> {
  const [processes, folders] = await Promise.all([ourProcesses(), ourFolders()]);
  const leaks = processes
    .filter((row) => !baseline.processes.has(keyOf(row)))
    .map((row) => `process ${row.pid}: ${row.command.slice(0, 200)}`);
  for (const [type, count] of openResources()) {
    const before = baseline.resources.get(type) ?? 0;
    if (count > before) leaks.push(`${count - before} × ${type}`);
  }
  leaks.push(...baseline.timers.running().map((line) => `timer made ${line}`));
  leaks.push(...folders.filter((name) => !baseline.folders.has(name)).map((name) => `folder ${name}`));
  return leaks;
}

const keyOf = (row: ProcessRow): string => `${row.pid} ${row.started}`;

async function ourProcesses(): Promise<ProcessRow[]> {
  const rows = (await processTable()).filter(({ zombie }) => !zombie);
  const found = new Set(descendantsOf(rows, process.pid));
  const prefix = temporaryPrefix();
  for (const row of rows) {
    const carries = [row.command, row.folder, row.environment].some((text) => text.includes(prefix));
    if (carries && row.pid !== process.pid) found.add(row);
  }
  return [...found];
}

const ourFolders = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith(temporaryPrefix()));

// These come and go with the test runner's own work: requests never stay, and timers are watched apart.
const PASSING = new Set(['FSReqPromise', 'FSReqCallback', 'FSReqWrap', 'CloseReq', 'Immediate', 'Timeout']);

/** What keeps this process alive, by Node's names, counted. Unreferenced handles (idle keep-alive) are not in it. */
function openResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    if (!PASSING.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}
