import type { AuditCall } from '@roundhouse/contracts';
import type { Logger } from 'pino';
import type { AuditLog } from '../ports/audit.ts';

/** How long a call waits for others to be appended with, ms: so much of the audit a kill -9 can lose. */
const GATHER_MS = 50;
/** How long calls that are counted together are counted, ms: so much of those counts a kill -9 can lose. */
const COUNT_MS = 60_000;
/** How many calls one append takes, and how many may wait while Redis is away. */
const BATCH = 500;
const MAX_WAITING = 20_000;
/** How many different counts are kept before they are appended early. */
const MAX_COUNTS = 1_000;
const RETRY_MS = 1_000;
/** How long a stop waits for what is not appended yet, ms. */
const STOP_MS = 5_000;

/**
 * What programs ask by themselves, every few seconds or before every request: one entry a minute says how often, for each
 * token and outcome. So is what nobody known asks, and what an agent is refused: either could push everything else out of
 * the chain.
 */
const COUNTED: ReadonlySet<string> = new Set([
  'reconcileAttempts',
  'reportLauncher',
  'getHealth',
  'whoami',
  'openapiDocument',
]);
const SANDBOXED: ReadonlySet<string> = new Set(['subtask', 'runner']);

const isCounted = ({ operation, tokenId, role, outcome }: AuditCall): boolean =>
  tokenId === null || COUNTED.has(operation) || (SANDBOXED.has(role) && outcome !== 'ok');
const countKey = ({ operation, role, tokenId, coordinatorId, outcome }: AuditCall): string =>
  [operation, role, tokenId, coordinatorId, outcome].join(' ');

export interface CallRecorder {
  /** Returns at once; the entry is appended a moment later. */
  record(call: AuditCall): void;
  /** Appends what is left, within five seconds. */
  stop(): Promise<void>;
}

/**
 * Appends calls to the audit behind their answers: gathered, one append at a time, in order. While Redis is away up to 20,000
 * wait; of more, the latest are left out, and an entry says how many.
 */
export function createCallRecorder(audit: AuditLog, log: Logger): CallRecorder {
  let waiting: AuditCall[] = [];
  const counts = new Map<string, AuditCall>();
  let leftOut: AuditCall | null = null;
  let stopped = false;
  let appending: Promise<void> | null = null;
  let gathering: NodeJS.Timeout | null = null;

  const push = (call: AuditCall): void => {
    if (waiting.length >= MAX_WAITING) {
      leftOut = leavingOut(call, leftOut);
      return;
    }
    waiting.push(call);
    if (appending === null) gathering ??= setTimeout(append, GATHER_MS);
  };

  const appendCounts = (): void => {
    const counted = [...counts.values()];
    counts.clear();
    for (const call of counted) push(call);
  };
  const counting = setInterval(appendCounts, COUNT_MS);

  const pause = async (): Promise<void> => {
    if (stopped) throw new Error('the service stops');
    await new Promise<void>((resolve) => {
      gathering = setTimeout(resolve, RETRY_MS);
    });
    gathering = null;
  };

  /** The same batch until it is in: what changes between tries is Redis, what ends them is the stop. */
  const appendBatch = async (batch: readonly AuditCall[]): Promise<void> => {
    for (;;) {
      try {
        return await audit.append(batch);
      } catch (error) {
        log.warn({ err: error, waiting: waiting.length }, 'the audit could not be written; it is tried again');
        await pause();
      }
    }
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      await appendBatch(batch);
      waiting = waiting.slice(batch.length);
      if (leftOut === null) continue;
      log.error({ calls: leftOut.count }, 'calls were left out of the audit: Redis was away for too long');
      waiting.push(leftOut);
      leftOut = null;
    }
  };

  function append(): void {
    gathering = null;
    appending ??= drain()
      .catch((error: unknown) => log.error({ err: error, calls: waiting.length }, 'the audit misses the last calls'))
      .finally(() => {
        appending = null;
        if (waiting.length > 0 && !stopped) append();
      });
  }

  return {
    record(call) {
      if (!isCounted(call)) return push(call);
      const key = countKey(call);
      const known = counts.get(key);
      if (known === undefined && counts.size >= MAX_COUNTS) appendCounts();
      const taskId = known === undefined || known.taskId === call.taskId ? call.taskId : null;
      const ms = Math.max(call.ms, known?.ms ?? 0);
      counts.set(key, { ...call, taskId, ms, count: (known?.count ?? 0) + 1 });
    },

    async stop() {
      clearInterval(counting);
      appendCounts();
      if (gathering !== null && appending === null) clearTimeout(gathering);
      stopped = true;
      append();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), STOP_MS)));
      const outcome = await Promise.race([appending ?? Promise.resolve(), late]);
      clearTimeout(timer);
      if (outcome === 'late') log.error({ calls: waiting.length }, 'the audit misses the last calls');
    },
  };
}

/** The entry that stands for those that found no room. */
const leavingOut = ({ at, requestId, count }: AuditCall, before: AuditCall | null): AuditCall => ({
  at,
  requestId,
  operation: 'audit',
  role: 'anonymous',
  tokenId: null,
  coordinatorId: null,
  taskId: null,
  status: null,
  outcome: 'left_out',
  ms: 0,
  count: count + (before?.count ?? 0),
});
