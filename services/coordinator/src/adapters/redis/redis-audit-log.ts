import { createHash } from 'node:crypto';
import { AUDIT_GENESIS, type AuditCall, AuditEntry, auditText } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { AuditLog } from '../../ports/audit.ts';
import { answersOf } from './answers.ts';
import { KEYS } from './keys.ts';
import { loadScript } from './script.ts';

/** How many entries about one coordinator its log remembers. */
const LOG_ENTRIES = 200;
/** How often an append is tried because another process was first: each time upon the head that one left. */
const MAX_TRIES = 100;

interface Head {
  readonly seq: number;
  readonly hash: string;
}

function chained(calls: readonly AuditCall[], head: Head): AuditEntry[] {
  let { seq, hash: previous } = head;
  return calls.map((call) => {
    seq += 1;
    const entry = { seq, ...call, previous };
    previous = createHash('sha256').update(auditText(entry)).digest('hex');
    return { ...entry, hash: previous };
  });
}

/** The chain is a stream whose ids are the entries' numbers, with the head in a hash of its own. `kept`: how many entries. */
export async function createRedisAuditLog(redis: Redis, kept: number): Promise<AuditLog> {
  const script = await loadScript('append-audit');
  // Where this process last saw the chain end. It moves only with an answer: a batch whose answer was lost is offered
  // again as it was, by which the script knows it.
  let head: Head = { seq: 0, hash: AUDIT_GENESIS };

  const parse = (rows: readonly [id: string, fields: string[]][]): AuditEntry[] =>
    rows.map(([, fields]) => AuditEntry.parse(JSON.parse(fields[1] ?? 'null')));

  return {
    async append(calls) {
      if (calls.length === 0) return;
      const coordinators = [...new Set(calls.map(({ coordinatorId }) => coordinatorId))].filter((id) => id !== null);
      const keys = [KEYS.auditHead, KEYS.audit, ...coordinators.map((id) => KEYS.coordinatorLog(id))];
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const entries = chained(calls, head);
        const rows = entries.flatMap((entry) => [
          JSON.stringify(entry),
          entry.coordinatorId === null ? 0 : coordinators.indexOf(entry.coordinatorId) + 1,
        ]);
        const args = [head.seq, head.hash, entries.at(-1)?.hash ?? head.hash, kept, LOG_ENTRIES, ...rows];
        const [appended, seq, hash] = (await script.run(redis, keys, args)) as [number, number, string];
        head = { seq, hash };
        if (appended === 1) return;
      }
      throw new Error(`other processes were first ${MAX_TRIES} times`);
    },

    async page(after, limit) {
      const rows = await redis.xrange(KEYS.audit, `${after + 1}-0`, '+', 'COUNT', limit + 1);
      return { entries: parse(rows.slice(0, limit)), more: rows.length > limit };
    },

    async ofCoordinator(coordinatorId, limit) {
      const numbers = await redis.lrange(KEYS.coordinatorLog(coordinatorId), 0, limit - 1);
      if (numbers.length === 0) return [];
      const reading = redis.pipeline();
      for (const number of numbers) reading.xrange(KEYS.audit, `${number}-0`, `${number}-0`);
      // What the cap has trimmed from the chain is in no log either.
      return (await answersOf(reading)).flatMap((rows) => parse(rows as [string, string[]][]));
    },
  };
}
