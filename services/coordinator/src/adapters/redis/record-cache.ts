import { TaskRecord } from '@roundhouse/contracts';
import { LRUCache } from 'lru-cache';

/** Some 10 KB each, with its text. */
const MAX_RECORDS = 1_000;

interface Kept {
  readonly data: string;
  readonly record: TaskRecord;
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
    if (kept?.data === data) return kept.record;
    return this.#keep(id, data, TaskRecord.parse(JSON.parse(data)));
  }

  /** A text that this process has just written from a record: what is checked on the way in is not checked again. */
  wrote(id: string, data: string): void {
    this.#keep(id, data, JSON.parse(data) as TaskRecord);
  }

  #keep(id: string, data: string, record: TaskRecord): TaskRecord {
    deepFreeze(record);
    this.#kept.set(id, { data, record });
    return record;
  }
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  for (const part of Object.values(value)) deepFreeze(part);
  Object.freeze(value);
}
