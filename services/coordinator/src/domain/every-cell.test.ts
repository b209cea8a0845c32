import { type Activity, type Notice, type Signal, TaskRecord } from '@roundhouse/contracts';
import { afterAll, describe, expect, it } from 'vitest';
import { queuedTask, sampleId as id } from '../testing/queued-task.ts';
import { watchCells } from '../testing/watched-cells.ts';
import { BREAKER_CELLS, type BreakerEvent, type OpenBreaker, breakerState, nextBreaker } from './admission/breaker.ts';
import { decide } from './decide.ts';
import type { Event, EventType } from './events.ts';
import { GATE, type LifecycleState } from './gate.ts';
import { ACTIVITY_CELLS } from './regions/activity.ts';
import { COMPLETION_CELLS } from './regions/completion.ts';
import { CONTROL_CELLS } from './regions/control.ts';
import { DELIVERY_CELLS } from './regions/delivery.ts';
import { LANDING_CELLS } from './regions/landing.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-01T00:01:00.000Z';
const [BASE, WORK] = ['a'.repeat(40), 'b'.repeat(40)];
const [PROMPT, PUBLISH, NOTICE] = [id(4), id(5), id(6)];

// A copy, since a look at the table itself would count as reached.
const GATES = structuredClone(GATE);
const watched = watchCells({
  lifecycle: GATE,
  activity: ACTIVITY_CELLS,
  completion: COMPLETION_CELLS,
  delivery: DELIVERY_CELLS,
  landing: LANDING_CELLS,
  control: CONTROL_CELLS,
  breaker: BREAKER_CELLS,
});
afterAll(() => watched.end());

const ADA = { tokenId: id(15), label: 'Ada' };
const signal: Signal = {
  id: id(7),
  epoch: 1,
  commit: WORK,
  summary: null,
  afterPrompt: 1,
  result: null,
  resultBytes: 0,
  at: NOW,
};
const notice: Notice = {
  id: NOTICE,
  taskId: id(1),
  taskName: 'a task',
  kind: 'signal',
  epoch: 1,
  commit: WORK,
  summary: null,
  end: null,
  question: null,
  report: null,
  typed: null,
  at: NOW,
};

const fresh = queuedTask({ promptId: PROMPT }, NOW);
const activity = (state: Activity['state']): Activity => ({ state, evidence: 'screen', question: null, at: NOW });

/** Every state of each region, as a record may have it. */
const STATES = {
  lifecycle: {
    queued: { ...fresh, admission: { state: 'held', by: 'turn' } },
    starting: { ...fresh, lifecycle: { state: 'starting', baseCommit: BASE }, sandboxes: [1] },
    running: { ...fresh, lifecycle: { state: 'running', baseCommit: BASE }, sandboxes: [1], deadline: LATER },
    ended: {
      ...fresh,
      lifecycle: { state: 'ended', baseCommit: BASE, end: { kind: 'lost', reason: 'silent' } },
      closing: { at: NOW, reason: 'asked' },
    },
    closed: {
      ...fresh,
      lifecycle: { state: 'closed', end: { kind: 'lost', reason: 'silent' }, archiveRefs: [], kept: [] },
      closing: { at: NOW, reason: 'asked' },
    },
  } satisfies Record<LifecycleState, TaskRecord>,
  activity: (['booting', 'busy', 'idle', 'waiting_input', 'unknown'] as const).map((state) => activity(state)),
  completion: [
    { state: 'none' },
    { state: 'signalled', signal },
    { state: 'refused', reason: 'dirty', files: ['x'], at: NOW },
  ] satisfies TaskRecord['completion'][],
  delivery: [
    { state: 'none' },
    { state: 'pending', notice, returned: false, heard: false },
    { state: 'delivered', notice, at: NOW, heard: false },
    { state: 'acknowledged', notice, at: NOW },
  ] satisfies TaskRecord['delivery'][],
  landing: [
    { state: 'none' },
    { state: 'queued', commit: WORK, target: 'main', by: 'subtask', message: null, requestedAt: NOW },
    { state: 'landed', commit: WORK, target: 'main', landedAs: BASE, nothingToLand: false, at: NOW },
    { state: 'conflicted', commit: WORK, target: 'main', onto: BASE, files: [], at: NOW },
    { state: 'failed', commit: WORK, target: 'main', reason: 'git', at: NOW },
  ] satisfies TaskRecord['landing'][],
  control: [
    { holder: 'coordinator' },
    { holder: 'human', who: ADA, until: LATER },
    { holder: 'human', who: ADA, until: NOW },
  ] satisfies TaskRecord['control'][],
};

/** One of each event, as it comes to the task above. A new kind of event does not compile without one here. */
const EVENTS: { readonly [T in EventType]: Extract<Event, { type: T }> } = {
  admitted: { type: 'admitted', trial: false },
  dependencies_weighed: { type: 'dependencies_weighed', facts: [] },
  dependencies_set: { type: 'dependencies_set', dependsOn: [], onDependencyFailure: undefined },
  quota_reported: { type: 'quota_reported', attempt: 1, until: null, reason: 'spent' },
  claimed: { type: 'claimed', attempt: 1, baseCommit: BASE },
  linked: { type: 'linked', attempt: 1 },
  activity_reported: { type: 'activity_reported', attempt: 1, activity: activity('idle') },
  prompt_requested: { type: 'prompt_requested', promptId: id(8), bytes: 1 },
  prompt_reported: { type: 'prompt_reported', attempt: 1, promptId: PROMPT, state: 'accepted', screen: undefined },
  publish_requested: { type: 'publish_requested', attempt: 1, publishId: id(9), land: false, summary: null },
  published: { type: 'published', attempt: 1, publishId: PUBLISH, commit: WORK, dirty: [], untracked: [] },
  publish_failed: { type: 'publish_failed', attempt: 1, publishId: PUBLISH, reason: 'no' },
  agent_exited: { type: 'agent_exited', attempt: 1, code: 0, signal: null },
  agent_resumed: { type: 'agent_resumed', attempt: 1, code: null, signal: 'SIGKILL', anew: false },
  attempt_failed: { type: 'attempt_failed', attempt: 1, reason: 'no' },
  attempt_lost: { type: 'attempt_lost', attempt: 1, reason: 'silent' },
  limit_hit: { type: 'limit_hit', attempt: 1, limit: 'oom', reason: 'too much' },
  sandbox_gone: { type: 'sandbox_gone', attempt: 1, kept: null, limit: null, reason: null },
  close_requested: { type: 'close_requested', reason: 'asked' },
  close_finished: { type: 'close_finished', archiveRefs: [] },
  land_requested: { type: 'land_requested', commit: WORK, by: 'coordinator', message: null },
  land_finished: { type: 'land_finished', result: { kind: 'landed', landedAs: BASE, nothingToLand: false } },
  notice_delivered: { type: 'notice_delivered', noticeId: NOTICE },
  notice_returned: { type: 'notice_returned', noticeId: NOTICE },
  notice_acknowledged: { type: 'notice_acknowledged', noticeId: NOTICE },
  control_taken: { type: 'control_taken', who: ADA, until: LATER, force: false },
  control_returned: { type: 'control_returned', tokenId: ADA.tokenId, force: false },
  control_expired: { type: 'control_expired' },
  input_requested: { type: 'input_requested', inputId: id(10), text: 'x', tokenId: ADA.tokenId },
  input_reported: { type: 'input_reported', attempt: 1, inputId: id(10), typed: true, shown: true },
  prompt_recall_requested: {
    type: 'prompt_recall_requested',
    promptId: PROMPT,
    recall: { kind: 'withdraw', id: id(11) },
  },
  prompt_recalled: { type: 'prompt_recalled', attempt: 1, promptId: PROMPT, recallId: id(11), recalled: true },
  answer_requested: { type: 'answer_requested', answerId: id(16), dialogId: 'dialog-1', option: 0 },
  answer_reported: {
    type: 'answer_reported',
    attempt: 1,
    answer: {
      id: id(16),
      dialogId: 'dialog-1',
      option: 0,
      label: 'Yes',
      by: 'coordinator',
      state: 'answered',
      reason: null,
    },
  },
  question_asked: { type: 'question_asked', attempt: 1, questionId: id(12), text: 'which?', options: [] },
  question_answered: { type: 'question_answered', questionId: id(12), answerId: id(13), text: 'so', by: 'coordinator' },
  report_made: { type: 'report_made', attempt: 1, reportId: id(14), kind: 'blocked', text: 'x' },
};
const VARIANTS: readonly Event[] = [
  ...Object.values(EVENTS),
  { ...EVENTS.published, dirty: ['x'] },
  { ...EVENTS.publish_requested, land: true },
];

let ids = 100;
const circumstances = { now: NOW, nextId: () => id((ids += 1)) };

/** The task in every combination of two regions: what one region makes of an event may hang on another. */
function* records(): Generator<TaskRecord> {
  const publish = { id: PUBLISH, land: false, summary: null, result: null, at: NOW };
  for (const base of Object.values(STATES.lifecycle) as TaskRecord[]) {
    const running = base.lifecycle.state === 'running';
    const bases = running ? [base, { ...base, publish }, { ...base, publish: { ...publish, land: true } }] : [base];
    for (const one of bases)
      for (const completion of STATES.completion) {
        yield { ...one, completion };
        for (const state of STATES.activity) yield { ...one, completion, activity: state };
        for (const delivery of STATES.delivery) yield { ...one, completion, delivery };
        for (const landing of STATES.landing) yield { ...one, completion, landing };
        for (const control of STATES.control) yield { ...one, completion, control };
      }
  }
}

const BREAKERS: readonly (OpenBreaker | null)[] = [
  null,
  ...[Date.parse(LATER), null].map((until) => ({
    openedAt: 0,
    reason: 'spent',
    reportedBy: null,
    until,
    retryAt: until === null ? 0 : null,
    pauseMs: 60_000,
    trial: id(1),
    hitId: 'one',
  })),
];
const BREAKER_EVENTS: readonly BreakerEvent[] = [
  { type: 'hit', id: 'two', until: null, reason: 'spent', taskId: id(1) },
  { type: 'closed' },
  { type: 'trial_passed', taskId: id(1) },
  { type: 'trial_void', taskId: id(1) },
  { type: 'time_passed' },
];

describe('every cell of every table', () => {
  it('MB-1: each is reached through its only reader, and what it says is what comes of it', () => {
    for (const record of records())
      for (const event of VARIANTS) {
        const gate = GATES[record.lifecycle.state][event.type];
        const decision = decide(record, event, circumstances);
        const where = `${record.lifecycle.state} × ${event.type}`;
        if (gate === 'ignore') expect([where, decision.kind]).toEqual([where, 'unchanged']);
        else if (gate !== 'accept') expect([where, decision]).toMatchObject([where, { kind: 'refused', code: gate }]);
        if (decision.kind !== 'changed') continue;
        // Whatever comes of it can be stored and read again, and tells what it is.
        expect(TaskRecord.parse(JSON.parse(JSON.stringify(decision.task)))).toEqual(decision.task);
        expect([where, decision.kinds.length > 0]).toEqual([where, true]);
        expect([where, decision.task.attempt >= record.attempt]).toEqual([where, true]);
      }
    for (const breaker of BREAKERS)
      for (const event of BREAKER_EVENTS) {
        const next = nextBreaker(breaker, event, Date.parse(NOW));
        if (event.type === 'closed') expect(next).toBeNull();
        if (event.type === 'hit') expect(breakerState(next, Date.parse(NOW))).toBe('open');
      }
    expect(watched.unread()).toEqual([]);
  });

  it('MB-1: an attempt that is over reaches no cell at all', () => {
    for (const record of records())
      for (const event of VARIANTS)
        if ('attempt' in event && event.type !== 'sandbox_gone')
          expect(decide(record, { ...event, attempt: 9 }, circumstances)).toMatchObject({ code: 'attempt_stale' });
  });

  it('MB-1: a cell that nobody reads is named', () => {
    const table = { shut: { open: 'opens', shut: 'stays' } };
    const planted = watchCells({ door: table });
    expect(table.shut.open).toBe('opens');
    expect(planted.unread()).toEqual(['door: shut × shut']);
    planted.end();
    expect(Object.getOwnPropertyDescriptor(table.shut, 'shut')?.value).toBe('stays');
  });
});
