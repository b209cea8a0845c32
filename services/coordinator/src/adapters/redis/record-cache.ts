import { TaskRecord } from '@roundhouse/contracts';
import { LRUCache } from 'lru-cache';

/** Some 10 KB each, with its text. */
const MAX_RECORDS = 1_000;

interface Kept {
  readonly data: string;
  /** Null until it is asked for: who has just written it mostly goes on with what he wrote. */
  record: TaskRecord | null;
}

/**
 * Records as they were read or written last, so that one that has not changed is not checked and built anew: that took a
 * third of the processor time of a dispatch. What is stored is read each time all the same, and is what counts: a record
 * is kept with its very text. Several callers may be given the same one, so it is frozen.
 */
export class RecordCache {
  readonly #kept = new LRUCache<string, Kept>({ max: MAX_RECORDS });

  /** @throws ZodError where the text is no record */
  read(id: string, data: string): TaskRecord {
    const kept = this.#kept.get(id);
    if (kept?.data === data) return recordOf(kept);
    const record = frozen(TaskRecord.parse(JSON.parse(data)));
    this.#kept.set(id, { data, record });
    return record;
  }

  /** What was read or written last, which may be out of date. */
  last(id: string): TaskRecord | null {
    const kept = this.#kept.get(id);
    return kept === undefined ? null : recordOf(kept);
  }

  /** A text that this process has just written from a record: what is checked on the way in is not checked again. */
  wrote(id: string, data: string): void {
    this.#kept.set(id, { data, record: null });
  }
}

const recordOf = (kept: Kept): TaskRecord => (kept.record ??= frozen(JSON.parse(kept.data) as TaskRecord));

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
