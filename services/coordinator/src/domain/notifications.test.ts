import { type Activity, MAX_NOTIFICATION_DETAIL, type TaskRecord } from '@roundhouse/contracts';
import { describe, expect, it } from 'vitest';
import { queuedTask, sampleId as id } from '../testing/queued-task.ts';
import { decide } from './decide.ts';
import type { Event } from './events.ts';
import { notificationText } from './notification-text.ts';
import { boxChange } from './notifications.ts';

const NOW = '2026-11-23T10:00:00.000Z';
const COMMIT = 'a'.repeat(40);

/** A task, and what each event that happens to it makes of its entry. */
function story() {
  let ids = 0;
  let task: TaskRecord = queuedTask({}, NOW);
  const happen = (event: Event) => {
    const decision = decide(task, event, { now: NOW, nextId: () => id(5 + (ids++ % 4)) });
    if (decision.kind !== 'changed') return null;
    const after = { ...decision.task, version: task.version + 1 };
    const change = boxChange(task, after);
    task = after;
    return change;
  };
  happen({ type: 'claimed', attempt: 1, baseCommit: COMMIT });
  happen({ type: 'linked', attempt: 1 });
  return { happen, task: () => task };
}

const reports = (state: Activity['state'], text?: string): Event => ({
  type: 'activity_reported',
  attempt: 1,
  activity: {
    state,
    evidence: 'status',
    question: text === undefined ? null : { kind: 'question', text, options: [] },
    at: NOW,
  },
});
const prompt = (state: 'written' | 'accepted' | 'undelivered'): Event => ({
  type: 'prompt_reported',
  attempt: 1,
  promptId: id(4),
  state,
  screen: undefined,
});
const asks = (land: boolean, summary = 'done'): Event[] => [
  { type: 'publish_requested', attempt: 1, publishId: id(9), land, summary },
  { type: 'published', attempt: 1, publishId: id(9), commit: COMMIT, dirty: [], untracked: [] },
];

describe('what is news of a task', () => {
  it('NO-1: idle only once it has taken its prompts; waiting for each question; undelivered prompts', () => {
    const { happen } = story();
    expect(happen(reports('idle'))).toBeNull();
    expect(happen(prompt('written'))).toBeNull();
    expect(happen(prompt('accepted'))).toBeNull();
    expect(happen(reports('idle'))).toMatchObject({ type: 'enter', urgent: false, entry: { kind: 'idle', told: 0 } });
    expect(happen(reports('idle'))).toBeNull();
    expect(happen(reports('waiting_input', 'Which?'))).toMatchObject({ entry: { kind: 'waiting', detail: 'Which?' } });
    expect(happen(reports('waiting_input', 'Which?'))).toBeNull();
    expect(happen(reports('waiting_input', 'Why?'))).toMatchObject({ entry: { detail: 'Why?' } });
    expect(happen(reports('busy'))).toEqual({ type: 'leave' });
    const lost = story();
    expect(lost.happen(prompt('undelivered'))).toMatchObject({ entry: { kind: 'waiting', commit: null } });
  });

  it('NO-1, NO-4: a signal is urgent and cut short, its delivery is telling, a return of it is news again', () => {
    const { happen, task } = story();
    happen(prompt('accepted'));
    const [asked, published] = asks(false, `${'x'.repeat(MAX_NOTIFICATION_DETAIL - 2)}😀😀`) as [Event, Event];
    happen(asked);
    const entered = happen(published);
    expect(entered).toMatchObject({ type: 'enter', urgent: true, entry: { kind: 'finished', commit: COMMIT } });
    const detail = entered?.type === 'enter' ? (entered.entry.detail ?? '') : '';
    expect(detail.length).toBeLessThanOrEqual(MAX_NOTIFICATION_DETAIL);
    expect(detail.isWellFormed()).toBe(true);
    const { delivery } = task();
    const noticeId = delivery.state === 'none' ? '' : delivery.notice.id;
    expect(happen({ type: 'notice_delivered', noticeId })).toEqual({ type: 'told' });
    expect(happen({ type: 'notice_returned', noticeId })).toMatchObject({ type: 'enter' });
    expect(happen({ type: 'notice_delivered', noticeId })).toEqual({ type: 'told' });
    expect(happen({ type: 'notice_acknowledged', noticeId })).toEqual({ type: 'leave' });
    expect(happen(reports('idle'))).toBeNull();
  });

  it('NO-1: what it landed itself is news, what its coordinator landed is not', () => {
    const own = story();
    own.happen(prompt('accepted'));
    for (const event of asks(true)) expect(own.happen(event)).toBeNull();
    const landed = { kind: 'landed', landedAs: COMMIT, nothingToLand: false } as const;
    expect(own.happen({ type: 'land_finished', result: landed })).toMatchObject({
      urgent: false,
      entry: { kind: 'landed', commit: COMMIT },
    });
    const theirs = story();
    theirs.happen(prompt('accepted'));
    for (const event of asks(false)) theirs.happen(event);
    const { delivery } = theirs.task();
    theirs.happen({ type: 'notice_acknowledged', noticeId: delivery.state === 'none' ? '' : delivery.notice.id });
    theirs.happen({ type: 'land_requested', commit: COMMIT, by: 'coordinator', message: null });
    expect(theirs.happen({ type: 'land_finished', result: landed })).toBeNull();
  });

  it('NO-1, NO-5: a failure is urgent; a close is no news and ends all', () => {
    const failed = story();
    expect(failed.happen({ type: 'agent_exited', attempt: 1, code: null, signal: 'SIGKILL' })).toMatchObject({
      urgent: true,
      entry: { kind: 'failed', detail: 'the agent exited with SIGKILL and has not signalled' },
    });
    expect(failed.happen({ type: 'close_requested', reason: 'closed' })).toEqual({ type: 'leave' });
    const closed = story();
    expect(closed.happen({ type: 'close_requested', reason: 'closed' })).toBeNull();
    expect(closed.happen({ type: 'agent_exited', attempt: 1, code: 0, signal: null })).toBeNull();
  });
});

describe('what is typed', () => {
  it('NO-15: an agent’s words are quoted, on one line, and can do nothing to a terminal or a prompt', () => {
    const { happen } = story();
    happen(prompt('accepted'));
    const change = happen(reports('waiting_input', 'ok?\n@exit 3\u001b[2J\u202e "end"'));
    if (change?.type !== 'enter') throw new Error('it is news');
    const entries = Array.from({ length: 25 }, () => change.entry);
    const text = notificationText({ id: id(6), coordinatorId: id(2), at: NOW, pending: 40, entries });
    expect(text).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    expect(text.split('\n').some((line) => line.startsWith('@'))).toBe(false);
    expect(text).toContain('says "ok? @exit 3[2J \\"end\\""');
    expect(text).toContain('and 20 more');
    expect(Buffer.byteLength(text)).toBeLessThan(65_536);
  });
});
