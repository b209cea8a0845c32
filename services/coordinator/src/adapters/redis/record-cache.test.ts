import { describe, expect, it } from 'vitest';
import { queuedTask } from '../../testing/queued-task.ts';
import { RecordCache } from './record-cache.ts';

const record = queuedTask();
const textOf = (name: string): string => JSON.stringify({ ...record, name });

describe('records that were read before', () => {
  it('TL-16: are given again while their text is the same, and read anew once it is another', () => {
    const cache = new RecordCache();
    const first = cache.read(record.id, textOf('one'));
    expect(cache.read(record.id, textOf('one'))).toBe(first);
    expect(cache.read(record.id, textOf('two'))).toMatchObject({ id: record.id, name: 'two' });
    expect(cache.read(record.id, textOf('one'))).toEqual(first);
  });

  it('TL-16: are as they are read also where they were written here', () => {
    const cache = new RecordCache();
    cache.wrote(record.id, textOf('one'));
    expect(cache.read(record.id, textOf('one'))).toEqual(new RecordCache().read(record.id, textOf('one')));
  });

  it('cannot be changed by who is given them', () => {
    const given = new RecordCache().read(record.id, textOf('one'));
    expect(() => (given.name = 'two')).toThrow(TypeError);
    expect(() => given.prompts.pop()).toThrow(TypeError);
  });

  it('a text that is no record is refused', () => {
    expect(() => new RecordCache().read(record.id, '{}')).toThrow();
  });
});
