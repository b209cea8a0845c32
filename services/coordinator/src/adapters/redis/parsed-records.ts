import { TaskRecord } from '@roundhouse/contracts';

/** How many records are remembered, of as many tasks: some 10 kB each. */
const REMEMBERED = 500;

/** Reads a record of a task from its text. */
export type ReadRecord = (taskId: string, text: string) => TaskRecord;

/**
 * Reads records, and remembers the last one of each task with its text: a change is heard in several places, each of which
 * reads what is stored and finds the very same text. Checking a record takes a hundred times as long as comparing its text.
 * Nothing can be out of date: the text always comes from Redis. A record is a value, that nobody changes in place.
 */
export function createRecordReader(): ReadRecord {
  const known = new Map<string, { readonly text: string; readonly record: TaskRecord }>();
  return (taskId, text) => {
    const last = known.get(taskId);
    if (last?.text === text) return last.record;
    const record = TaskRecord.parse(JSON.parse(text));
    known.delete(taskId);
    known.set(taskId, { text, record });
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return record;
  };
}
