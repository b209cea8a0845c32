import type { TaskRecord } from '@roundhouse/contracts';
import { describe, expect, it } from 'vitest';
import { queuedTask } from '../testing/queued-task.ts';
import { firstNotice, raise, raiseBeside, stepNotice } from './notices.ts';

const AT = '2026-01-01T00:00:00.000Z';
const circumstances = { now: AT, nextId: () => 'n1' };
const task = queuedTask({}, AT);

const delivered = (to: TaskRecord): TaskRecord => stepNotice(to, { type: 'delivered', noticeId: 'n1', at: AT });
const returned = (by: TaskRecord): TaskRecord => stepNotice(by, { type: 'returned', noticeId: 'n1' });
const isRedelivered = (of: TaskRecord): boolean | undefined => firstNotice(of)?.redelivered;

describe.each([
  ['a newest word', raise(task, 'signal', {}, circumstances)],
  ['one beside it', raiseBeside(task, 'question', {}, circumstances)],
])('%s on its way to a waiter', (_, raised) => {
  it('WT-1: is new to the next waiter where the one before gave it back', () => {
    expect(isRedelivered(raised)).toBe(false);
    expect(isRedelivered(returned(delivered(raised)))).toBe(false);
  });

  it('WT-7: is handed out again as such, however often it is given back after somebody had it', () => {
    const had = delivered(raised);
    expect(isRedelivered(had)).toBe(true);
    const givenBack = returned(delivered(had));
    expect(isRedelivered(givenBack)).toBe(true);
    expect(isRedelivered(returned(delivered(givenBack)))).toBe(true);
  });
});
