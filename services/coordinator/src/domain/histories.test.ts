import type { TaskRecord } from '@roundhouse/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queuedTask } from '../testing/queued-task.ts';
import { decide } from './decide.ts';
import { isLive, isSettled, signalIsCurrent } from './derived.ts';
import type { Effect, Event } from './events.ts';

const COMMITS = ['a'.repeat(40), 'b'.repeat(40)] as const;
const LIMITS = ['oom', 'timeout', 'disk'] as const;
const HISTORIES = 1_000;

const attempt = fc.integer({ min: 1, max: 4 });
const promptId = fc.constantFrom('p1', 'p2', 'p3');
const commit = fc.constantFrom(...COMMITS);

/** Any event at any time: commands, late and duplicated reports, losses. */
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ type: fc.constant('claimed' as const), attempt, baseCommit: commit }),
  fc.record({ type: fc.constant('linked' as const), attempt }),
  fc.record({ type: fc.constant('prompt_requested' as const), promptId, bytes: fc.constant(3) }),
  fc.record({
    type: fc.constant('prompt_reported' as const),
    attempt,
    promptId,
    state: fc.constantFrom('written' as const, 'accepted' as const, 'undelivered' as const),
    screen: fc.constant(undefined),
  }),
  fc.record({
    type: fc.constant('publish_requested' as const),
    attempt,
    publishId: fc.constantFrom('q1', 'q2'),
    land: fc.boolean(),
    summary: fc.constant(null),
  }),
  fc.record({
    type: fc.constant('published' as const),
    attempt,
    publishId: fc.constantFrom('q1', 'q2'),
    commit,
    dirty: fc.constantFrom([], ['x']),
    untracked: fc.constant([]),
  }),
  fc.record({
    type: fc.constant('agent_resumed' as const),
    attempt,
    code: fc.constant(null),
    signal: fc.constant('SIGKILL'),
    anew: fc.boolean(),
  }),
  fc.record({ type: fc.constant('agent_exited' as const), attempt, code: fc.constant(0), signal: fc.constant(null) }),
  fc.record({ type: fc.constant('attempt_failed' as const), attempt, reason: fc.constant('no') }),
  fc.record({ type: fc.constant('attempt_lost' as const), attempt, reason: fc.constant('silent') }),
  fc.record({
    type: fc.constant('limit_hit' as const),
    attempt,
    limit: fc.constantFrom(...LIMITS),
    reason: fc.constant('too much'),
  }),
  fc.record({
    type: fc.constant('sandbox_gone' as const),
    attempt,
    kept: fc.constant(null),
    limit: fc.constantFrom(null, ...LIMITS),
    reason: fc.constantFrom(null, 'it could not be started'),
  }),
  fc.record({ type: fc.constant('close_requested' as const), reason: fc.constant('asked') }),
  fc.record({ type: fc.constant('close_finished' as const), archiveRefs: fc.constant([]) }),
  fc.record({
    type: fc.constant('land_requested' as const),
    commit,
    by: fc.constantFrom('coordinator' as const, 'subtask' as const),
    message: fc.constant(null),
  }),
  fc.record({
    type: fc.constant('land_finished' as const),
    result: fc.constantFrom(
      { kind: 'landed' as const, landedAs: 'c'.repeat(40), nothingToLand: false },
      { kind: 'conflicted' as const, onto: 'd'.repeat(40), files: [{ path: 'x', kind: 'contents' }] },
      { kind: 'failed' as const, reason: 'git' },
    ),
  }),
  fc.record({
    type: fc.constant('control_taken' as const),
    who: fc.constantFrom({ tokenId: 't1', label: 'Ada' }, { tokenId: 't2', label: 'Bob' }),
    until: fc.constantFrom('2025-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'),
    force: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('input_requested' as const),
    inputId: fc.constantFrom('i1', 'i2'),
    text: fc.constant('x'),
    tokenId: fc.constantFrom('t1', 't2'),
  }),
  fc.record({
    type: fc.constant('input_reported' as const),
    attempt,
    inputId: fc.constantFrom('i1', 'i2'),
    typed: fc.boolean(),
    shown: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('prompt_recall_requested' as const),
    promptId,
    recall: fc.constantFrom({ kind: 'edit' as const, id: 'r1', bytes: 1 }, { kind: 'withdraw' as const, id: 'r2' }),
  }),
  fc.record({
    type: fc.constant('prompt_recalled' as const),
    attempt,
    promptId,
    recallId: fc.constantFrom('r1', 'r2'),
    recalled: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('question_asked' as const),
    attempt,
    questionId: fc.constantFrom('q1', 'q2', 'q3'),
    text: fc.constantFrom('which?', 'why?'),
    options: fc.constant([]),
  }),
  fc.record({
    type: fc.constant('question_answered' as const),
    questionId: fc.constantFrom('q1', 'q2', 'q3'),
    answerId: fc.constantFrom('a1', 'a2'),
    text: fc.constant('so'),
    by: fc.constant('human' as const),
  }),
  fc.record({
    type: fc.constant('report_made' as const),
    attempt,
    reportId: fc.constantFrom('m1', 'm2'),
    kind: fc.constantFrom('partial' as const, 'blocked' as const),
    text: fc.constant('so'),
  }),
  fc.constant({ type: 'control_expired' as const }),
  fc.constant({ type: 'control_returned' as const, tokenId: 't1', force: true }),
);

type Step = (task: TaskRecord) => Event;

/** What could well come next, seen from the task: without it random histories hardly get past the start. */
const PLAUSIBLE: readonly Step[] = [
  ({ attempt: now }) => ({ type: 'claimed', attempt: now, baseCommit: COMMITS[0] }),
  ({ attempt: now }) => ({ type: 'linked', attempt: now }),
  ({ attempt: now, prompts }) => ({
    type: 'prompt_reported',
    attempt: now,
    promptId: prompts.find(({ state }) => state !== 'accepted')?.id ?? 'p1',
    state: 'accepted',
    screen: undefined,
  }),
  ({ attempt: now }) => ({ type: 'publish_requested', attempt: now, publishId: `q${now}`, land: false, summary: null }),
  ({ attempt: now }) => ({ type: 'publish_requested', attempt: now, publishId: `q${now}`, land: true, summary: null }),
  ({ attempt: now, publish }) => ({
    type: 'published',
    attempt: now,
    publishId: publish?.id ?? 'q1',
    commit: COMMITS[1],
    dirty: [],
    untracked: [],
  }),
  ({ completion }) => ({
    type: 'land_requested',
    commit: completion.state === 'signalled' ? completion.signal.commit : COMMITS[0],
    by: 'coordinator',
    message: null,
  }),
  () => ({ type: 'land_finished', result: { kind: 'landed', landedAs: 'c'.repeat(40), nothingToLand: false } }),
  () => ({ type: 'land_finished', result: { kind: 'failed', reason: 'git' } }),
  () => ({
    type: 'land_finished',
    result: { kind: 'conflicted', onto: 'd'.repeat(40), files: [{ path: 'x', kind: 'contents' }] },
  }),
];

/** What ends an attempt or the task: rarer, or no history would get far. */
const ENDS: readonly Step[] = [
  ({ sandboxes }) => ({ type: 'sandbox_gone', attempt: sandboxes[0] ?? 1, kept: null, limit: null, reason: null }),
  ({ attempt: now, sandboxes }) => ({
    type: 'sandbox_gone',
    attempt: sandboxes.at(-1) ?? now,
    kept: null,
    limit: 'oom',
    reason: null,
  }),
  ({ attempt: now }) => ({ type: 'limit_hit', attempt: now, limit: 'timeout', reason: 'too long' }),
  ({ attempt: now }) => ({ type: 'limit_hit', attempt: now, limit: 'disk', reason: 'too much' }),
  ({ attempt: now }) => ({ type: 'attempt_lost', attempt: now, reason: 'silent' }),
  () => ({ type: 'close_finished', archiveRefs: [] }),
];

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...PLAUSIBLE) },
  { weight: 2, arbitrary: fc.constantFrom(...ENDS) },
  {
    weight: 3,
    arbitrary: anyEvent.map(
      (event): Step =>
        () =>
          event,
    ),
  },
);

interface Seen {
  readonly task: TaskRecord;
  readonly effects: Effect[];
  readonly terminalsByAttempt: Map<number, number>;
}

function play(
  events: readonly (Event | Step)[],
  check: (before: TaskRecord, event: Event, after: TaskRecord) => void,
): Seen {
  let task = queuedTask({ promptId: 'p1' });
  let clock = 0;
  let ids = 0;
  const effects: Effect[] = [];
  const terminalsByAttempt = new Map<number, number>();
  for (const step of events) {
    const event = typeof step === 'function' ? step(task) : step;
    clock += 1;
    const now = new Date(Date.UTC(2026, 0, 1) + clock).toISOString();
    const decision = decide(task, event, { now, nextId: () => `n${(ids += 1)}` });
    if (decision.kind !== 'changed') continue;
    const before = task;
    task = { ...decision.task, version: task.version + 1, updatedAt: now };
    effects.push(...decision.effects);
    if (decision.kinds.includes('ended') || decision.kinds.includes('retrying')) {
      terminalsByAttempt.set(before.attempt, (terminalsByAttempt.get(before.attempt) ?? 0) + 1);
    }
    check(before, event, task);
  }
  return { task, effects, terminalsByAttempt };
}

const ORDER = ['queued', 'starting', 'running', 'ended', 'closed'];

describe('random histories of one task', () => {
  it('TL-3: every invariant holds after every step', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 120, size: 'max' }), (events) => {
        const { effects, terminalsByAttempt, task } = play(events, (before, event, after) => {
          // I1: an attempt that is over changes nothing; only that its sandbox is gone is heard.
          if ('attempt' in event && event.type !== 'sandbox_gone') expect(event.attempt).toBe(before.attempt);
          reached
            .add(after.lifecycle.state)
            .add(after.landing.state)
            .add(after.completion.state)
            .add(`attempt ${after.attempt}`);
          expect(after.attempt).toBeGreaterThanOrEqual(before.attempt);
          expect(after.attempt).toBeLessThanOrEqual(after.limits.attempts);
          // Within one attempt the lifecycle only goes on.
          if (after.attempt === before.attempt) {
            expect(ORDER.indexOf(after.lifecycle.state)).toBeGreaterThanOrEqual(ORDER.indexOf(before.lifecycle.state));
          }
          // A deadline is the running attempt's, from its first word on.
          expect(after.deadline !== null).toBe(after.lifecycle.state === 'running');
          if (before.lifecycle.state === 'running' && after.lifecycle.state === 'running')
            expect(after.deadline).toBe(before.deadline);
          // What a limit ended is not begun again.
          const limited = event.type === 'limit_hit' || (event.type === 'sandbox_gone' && event.limit !== null);
          if (limited && isLive(before) && !isLive(after)) {
            const kind = before.closing === null ? event.limit : 'cancelled';
            expect(after.lifecycle).toMatchObject({ state: 'ended', end: { kind } });
            reached.add(kind ?? '');
          }
          // I15: what was withdrawn is never delivered, and no text takes the place of one that an agent has.
          for (const prompt of before.prompts) {
            const now = after.prompts.find(({ id }) => id === prompt.id);
            if (prompt.state === 'withdrawn') expect(now?.state ?? 'withdrawn').toBe('withdrawn');
            if (prompt.state !== 'queued') expect(now?.revision ?? prompt.revision).toBe(prompt.revision);
          }
          // Only a running attempt is typed to and is answered.
          const open = after.questions.filter(({ outcome }) => outcome.state === 'open');
          if (after.lifecycle.state !== 'running') expect([after.inputs.length, open.length]).toEqual([0, 0]);
          for (const question of open) expect(question.attempt).toBe(after.attempt);
          // Each open question is on its way to a waiter, or was acknowledged; no other one is.
          const told = after.sideNotices.flatMap(({ notice }) =>
            notice.question === null ? [] : [notice.question.id],
          );
          for (const id of told) expect(open.map((question) => question.id)).toContain(id);
          // I9: closed only when no sandbox is left.
          if (after.lifecycle.state === 'closed') expect(after.sandboxes).toEqual([]);
          // I5: settled is derived, and a later prompt that is on its way keeps a live task unsettled.
          if (isLive(after) && after.prompts.some(({ state, ordinal }) => state === 'queued' && ordinal > 1))
            expect(isSettled(after)).toBe(false);
          // A landing is only ever of a signal that was the task's last word when it was asked for.
          if (event.type === 'land_requested') {
            expect(signalIsCurrent(before)).toBe(true);
            expect(after.landing.state).toBe('queued');
          }
          // A signal, once accepted, is bound to the attempt that gave it.
          if (event.type === 'published' && after.completion.state === 'signalled' && event.dirty.length === 0) {
            expect(after.completion.signal).toMatchObject({ epoch: event.attempt, commit: event.commit });
          }
          expect(after.promptsTotal).toBeGreaterThanOrEqual(after.prompts.length);
        });
        // I2: exactly one terminal event per attempt that is over.
        for (const [over, count] of terminalsByAttempt) expect([over, count]).toEqual([over, 1]);
        for (let over = 1; over < task.attempt; over += 1) expect(terminalsByAttempt.get(over)).toBe(1);
        // Every attempt but the first is enqueued once, by the loss of the one before.
        const enqueued = effects
          .filter(({ type }) => type === 'enqueue')
          .map((effect) => ('attempt' in effect ? effect.attempt : 0));
        expect(new Set(enqueued).size).toBe(enqueued.length);
      }),
      { numRuns: HISTORIES },
    );
    // The histories are worth something only if they get everywhere.
    for (const place of [
      'starting',
      'running',
      'ended',
      'closed',
      'queued',
      'landed',
      'conflicted',
      'failed',
      'signalled',
      'refused',
      'attempt 3',
      ...LIMITS,
    ]) {
      expect(reached).toContain(place);
    }
  });

  it('TL-2: what a late attempt says is refused as stale', () => {
    const lost: Event[] = [
      { type: 'claimed', attempt: 1, baseCommit: COMMITS[0] },
      { type: 'linked', attempt: 1 },
      { type: 'attempt_lost', attempt: 1, reason: 'silent' },
      { type: 'claimed', attempt: 2, baseCommit: COMMITS[0] },
      { type: 'linked', attempt: 2 },
    ];
    const { task } = play(lost, () => undefined);
    expect(task).toMatchObject({ attempt: 2, lifecycle: { state: 'running' }, sandboxes: [1, 2] });
    const late = decide(
      task,
      { type: 'agent_exited', attempt: 1, code: 0, signal: null },
      { now: task.updatedAt, nextId: () => 'x' },
    );
    expect(late).toMatchObject({ kind: 'refused', code: 'attempt_stale' });
  });

  it('MB-3: a late attempt is as stale to a task that has ended', () => {
    const events: Event[] = [
      { type: 'claimed', attempt: 1, baseCommit: COMMITS[0] },
      { type: 'attempt_lost', attempt: 1, reason: 'silent' },
      { type: 'close_requested', reason: 'asked' },
    ];
    const { task } = play(events, () => undefined);
    expect(task).toMatchObject({ attempt: 2, lifecycle: { state: 'ended' } });
    const circumstances = { now: task.updatedAt, nextId: () => 'x' };
    // "Unchanged" would be committed with the number of the runner's event.
    expect(decide(task, { type: 'linked', attempt: 1 }, circumstances)).toMatchObject({ code: 'attempt_stale' });
    expect(decide(task, { type: 'linked', attempt: 2 }, circumstances)).toMatchObject({ kind: 'unchanged' });
  });

  const running: Event[] = [
    { type: 'claimed', attempt: 1, baseCommit: COMMITS[0] },
    { type: 'linked', attempt: 1 },
    { type: 'prompt_reported', attempt: 1, promptId: 'p1', state: 'accepted', screen: undefined },
  ];
  const signalled: Event[] = [
    ...running,
    { type: 'publish_requested', attempt: 1, publishId: 'q1', land: false, summary: 'done' },
    { type: 'published', attempt: 1, publishId: 'q1', commit: COMMITS[1], dirty: [], untracked: [] },
  ];

  it('TL-5: a lost attempt of a settled task is not repeated and keeps its signal', () => {
    const { task, effects } = play(
      [...signalled, { type: 'sandbox_gone', attempt: 1, kept: null, limit: null, reason: null }],
      () => undefined,
    );
    expect(task).toMatchObject({
      lifecycle: { state: 'ended', end: { kind: 'lost' } },
      completion: { state: 'signalled' },
      attempt: 1,
    });
    expect(effects.filter(({ type }) => type === 'enqueue')).toEqual([]);
    expect(signalIsCurrent(task)).toBe(true);
  });

  it('WT-4: a prompt after the signal makes the task unsettled again, and its signal unlandable', () => {
    const { task } = play([...signalled, { type: 'prompt_requested', promptId: 'p2', bytes: 1 }], () => undefined);
    expect(isSettled(task)).toBe(false);
    const decision = decide(
      task,
      { type: 'land_requested', commit: COMMITS[1], by: 'coordinator', message: null },
      { now: task.updatedAt, nextId: () => 'x' },
    );
    expect(decision).toMatchObject({ kind: 'refused', code: 'not_signalled' });
  });

  it('PR-4: a signal while a later prompt is on its way is kept, and the task still counts', () => {
    const { task } = play(
      [
        ...running,
        { type: 'prompt_requested', promptId: 'p2', bytes: 1 },
        { type: 'publish_requested', attempt: 1, publishId: 'q1', land: false, summary: null },
        { type: 'prompt_reported', attempt: 1, promptId: 'p2', state: 'written', screen: undefined },
        { type: 'published', attempt: 1, publishId: 'q1', commit: COMMITS[1], dirty: [], untracked: [] },
      ],
      () => undefined,
    );
    expect(task.completion).toMatchObject({
      state: 'signalled',
      signal: { epoch: 1, commit: COMMITS[1], afterPrompt: 1 },
    });
    expect(task.delivery.state).toBe('pending');
    expect(isSettled(task)).toBe(false);
  });

  it('TL-3: done followed by an exit is one completion', () => {
    const { task } = play([...signalled, { type: 'agent_exited', attempt: 1, code: 0, signal: null }], () => undefined);
    expect(task.delivery).toMatchObject({ state: 'pending', notice: { kind: 'signal' } });
  });

  it('LD-10: a task that lands its own work counts until it has landed, and a crash in between loses nothing', () => {
    const asked: Event[] = [
      ...running,
      { type: 'publish_requested', attempt: 1, publishId: 'q1', land: true, summary: 'mine' },
      { type: 'published', attempt: 1, publishId: 'q1', commit: COMMITS[1], dirty: [], untracked: [] },
    ];
    const { task, effects } = play(asked, () => undefined);
    expect(task).toMatchObject({ completion: { state: 'signalled' }, landing: { state: 'queued', by: 'subtask' } });
    expect(effects).toContainEqual({ type: 'land', taskId: task.id });
    expect(isSettled(task)).toBe(false);
    const landed = play(
      [...asked, { type: 'land_finished', result: { kind: 'landed', landedAs: 'c'.repeat(40), nothingToLand: false } }],
      () => undefined,
    );
    expect(landed.task.delivery).toMatchObject({ state: 'pending', notice: { kind: 'landed' } });
    expect(isSettled(landed.task)).toBe(true);
  });

  it('LD-10: a conflict of land_self leaves the task unsettled and raises no notice', () => {
    const { task } = play(
      [
        ...running,
        { type: 'publish_requested', attempt: 1, publishId: 'q1', land: true, summary: null },
        { type: 'published', attempt: 1, publishId: 'q1', commit: COMMITS[1], dirty: [], untracked: [] },
        {
          type: 'land_finished',
          result: { kind: 'conflicted', onto: COMMITS[0], files: [{ path: 'f', kind: 'contents' }] },
        },
      ],
      () => undefined,
    );
    expect(task.completion).toMatchObject({ state: 'refused', files: ['f'] });
    expect(task.delivery.state).toBe('none');
    expect(isSettled(task)).toBe(false);
  });
});
