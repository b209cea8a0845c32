import { type Control, MAX_TYPED_CHARACTERS, type TaskRecord } from '@roundhouse/contracts';
import { describe, expect, it } from 'vitest';
import { queuedTask } from '../testing/queued-task.ts';
import { firstNotice, raise, raiseBeside, stepNotice } from './notices.ts';
import { nextControl } from './regions/control.ts';
import { typedOnTop } from './typed.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-01T01:00:00.000Z';
const ada = { tokenId: 'a', label: 'Ada' };
const bob = { tokenId: 'b', label: 'Bob' };
const byAda: Control = { holder: 'human', who: ada, until: LATER };
const free: Control = { holder: 'coordinator' };

const fresh = (): TaskRecord => queuedTask({}, NOW);

describe('control as a lease', () => {
  it('CV-1: every cell of who may take and return it', () => {
    const taken = (who: typeof ada, force = false) => ({ type: 'taken', who, until: LATER, force }) as const;
    const returned = (tokenId: string, force = false) => ({ type: 'returned', tokenId, force }) as const;
    const byBob = { holder: 'human', who: bob, until: LATER };
    expect(nextControl(free, taken(bob), NOW)).toEqual(byBob);
    expect(nextControl(free, returned('b'), NOW)).toBe(free);
    expect(nextControl(free, { type: 'expired' }, NOW)).toBe(free);
    expect(nextControl(byAda, taken(ada), NOW)).toEqual(byAda);
    expect(nextControl(byAda, taken(bob), NOW)).toBe('held');
    expect(nextControl(byAda, taken(bob, true), NOW)).toEqual(byBob);
    expect(nextControl(byAda, taken(bob), LATER)).toEqual(byBob);
    expect(nextControl(byAda, returned('a'), NOW)).toEqual(free);
    expect(nextControl(byAda, returned('b'), NOW)).toBe('held');
    expect(nextControl(byAda, returned('b', true), NOW)).toEqual(free);
    expect(nextControl(byAda, { type: 'expired' }, NOW)).toBe(byAda);
    expect(nextControl(byAda, { type: 'expired' }, LATER)).toEqual(free);
    // A hold from before holders had names is anybody's to renew and to give back.
    const nameless: Control = { holder: 'human', who: null, until: LATER };
    expect(nextControl(nameless, returned('b'), NOW)).toEqual(free);
  });

  it('CV-7: the summary names keys, hides what was not shown with its length, and is capped', () => {
    const typed = typedOnTop(typedOnTop(null, 'ls\u001b[A\r\n', true), 'a', false);
    expect(typedOnTop(typedOnTop(typed, 'b', false), '\u0003\r', true)).toEqual({
      lines: 2,
      text: 'ls⟨Up⟩⟨Enter⟩⟨not shown⟩⟨Ctrl-C⟩⟨Enter⟩',
      cut: false,
    });
    const long = typedOnTop(typedOnTop(null, 'x'.repeat(MAX_TYPED_CHARACTERS), true), 'y\r', true);
    expect([long.text.length, long.cut, long.lines]).toEqual([MAX_TYPED_CHARACTERS, true, 1]);
  });
});

describe('notices beside the newest one', () => {
  let ids = 0;
  const circumstances = { now: NOW, nextId: () => `n${(ids += 1)}` };

  it('CV-16: are handed out again like it until they are acknowledged, the oldest first', () => {
    const report = { id: 'r', attempt: 1, kind: 'blocked' as const, text: 'x', at: NOW };
    let task = raiseBeside(fresh(), 'report', { report }, circumstances);
    task = raise(task, 'signal', {}, { ...circumstances, now: LATER });
    const first = firstNotice(task);
    expect(first?.notice.kind).toBe('report');
    const noticeId = first?.notice.id ?? '';
    task = stepNotice(task, { type: 'delivered', noticeId, at: LATER });
    expect(firstNotice(task)?.notice.kind).toBe('signal');
    expect(firstNotice({ ...task, delivery: { state: 'none' } })?.deliveredAt).toBe(LATER);
    expect(firstNotice(stepNotice(task, { type: 'returned', noticeId }))?.notice.id).toBe(noticeId);
    task = stepNotice(task, { type: 'acknowledged', noticeId, at: LATER });
    expect(task.sideNotices).toEqual([]);
  });

  it('CV-16: of too many the oldest report makes room, never a question', () => {
    const asked = { id: 'q', attempt: 1, text: 'x', options: [], at: NOW };
    let task = raiseBeside(fresh(), 'question', { question: asked }, circumstances);
    const report = (text: string) => ({ id: text, attempt: 1, kind: 'blocked' as const, text, at: NOW });
    for (let index = 0; index < 20; index += 1)
      task = raiseBeside(task, 'report', { report: report(`${index}`) }, circumstances);
    const kept = task.sideNotices.map(({ notice }) => notice.report?.text ?? notice.kind);
    expect([kept.length, kept[0], kept[1], kept.at(-1)]).toEqual([16, 'question', '5', '19']);
  });
});
