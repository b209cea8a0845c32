import { TaskEvent } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { EventLog } from '../../ports/events.ts';
import { answersOf } from './answers.ts';
import { KEYS } from './keys.ts';

/** How many events of a coordinator are kept at least: a shorter stream was never trimmed. */
export const KEPT_EVENTS = 10_000;

type Entry = [id: string, fields: string[]];
type Id = readonly [ms: bigint, sequence: bigint];

const BEGINNING: Id = [0n, 0n];
const MAX_SEQUENCE = 2n ** 64n - 1n;
const ID = /^(\d{1,15})-(\d{1,20})$/;

function parseId(text: string): Id | null {
  const [, ms, sequence] = ID.exec(text) ?? [];
  if (ms === undefined || sequence === undefined || BigInt(sequence) > MAX_SEQUENCE) return null;
  return [BigInt(ms), BigInt(sequence)];
}
const isBefore = ([ms, sequence]: Id, [otherMs, otherSequence]: Id): boolean =>
  ms < otherMs || (ms === otherMs && sequence < otherSequence);
const before = ([ms, sequence]: Id): Id => (sequence > 0n ? [ms, sequence - 1n] : [ms - 1n, MAX_SEQUENCE]);
const textOf = ([ms, sequence]: Id): string => `${ms}-${sequence}`;

/** The place of an entry; the beginning where there is none. */
const idOf = (entry: Entry | undefined): Id => (entry === undefined ? BEGINNING : (parseId(entry[0]) ?? BEGINNING));

/**
 * The streams that `commit.lua` writes, one a coordinator. A place is a stream id (Redis, XADD): the commits of all
 * processes are in one order, so whoever reads on from the last id that it saw misses and repeats nothing.
 */
export function createRedisEventLog(redis: Redis): EventLog {
  return {
    async placeOf(coordinatorId, start) {
      const key = KEYS.events(coordinatorId);
      if (start === 'now') return textOf(idOf((await redis.xrevrange(key, '+', '-', 'COUNT', 1))[0]));
      const oldest = idOf((await redis.xrange(key, '-', '+', 'COUNT', 1))[0]);
      return textOf(oldest === BEGINNING ? BEGINNING : before(oldest));
    },

    async after(coordinatorId, place, limit) {
      const id = parseId(place);
      if (id === null) return { kind: 'unknown' };
      const key = KEYS.events(coordinatorId);
      // In one transaction: what is trimmed between two reads would be a gap that nobody sees. XREAD is exclusive.
      const reading = redis
        .multi()
        .xlen(key)
        .xrange(key, '-', '+', 'COUNT', 1)
        .xrevrange(key, '+', '-', 'COUNT', 1)
        .xread('COUNT', limit + 1, 'STREAMS', key, textOf(id));
      const [length, [oldest], [newest], read] = (await answersOf(reading)) as [
        number,
        Entry[],
        Entry[],
        [string, Entry[]][] | null,
      ];
      if (isBefore(idOf(newest), id)) return { kind: 'unknown' };
      if (oldest !== undefined && length >= KEPT_EVENTS && isBefore(id, before(idOf(oldest))))
        return { kind: 'expired' };
      const entries = read?.[0]?.[1] ?? [];
      const events = entries.slice(0, limit).map(([entryId, [, event = '']]) => ({
        id: entryId,
        event: TaskEvent.parse(JSON.parse(event)),
      }));
      return { kind: 'read', events, end: entries.length <= limit };
    },
  };
}
