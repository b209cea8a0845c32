import { DEFAULT_LIMITS, type LauncherState, type TaskRecord } from '@roundhouse/contracts';
import { describe, expect, it } from 'vitest';
import { queuedTask } from '../testing/queued-task.ts';
import { decide } from './decide.ts';
import { viewOf } from './derived.ts';
import type { Event } from './events.ts';
import { limitsOver } from './limits.ts';
import { whyQueued } from './why-queued.ts';

const COMMIT = 'a'.repeat(40);
const NOW = '2026-01-01T00:00:00.000Z';

function played(...events: Event[]): TaskRecord {
  let task = queuedTask({ limits: { ...DEFAULT_LIMITS, memoryMb: 256, wallClockSeconds: 90 }, promptId: 'p1' }, NOW);
  for (const event of events) {
    const decision = decide(task, event, { now: NOW, nextId: () => 'n' });
    if (decision.kind === 'changed') task = decision.task;
    if (decision.kind === 'refused') throw new Error(`${event.type}: ${decision.message}`);
  }
  return task;
}

const running: Event[] = [
  { type: 'claimed', attempt: 1, baseCommit: COMMIT },
  { type: 'linked', attempt: 1 },
  { type: 'prompt_reported', attempt: 1, promptId: 'p1', state: 'accepted', screen: undefined },
];
const attentionOf = (task: TaskRecord): string | null => viewOf(task, null).attention;

describe('ends by a limit', () => {
  it.each(['oom', 'timeout', 'disk'] as const)(
    'LM-3: %s ends the task at once, is told and is not retried',
    (limit) => {
      const task = played(...running, { type: 'limit_hit', attempt: 1, limit, reason: 'it took too much' });
      expect(task).toMatchObject({
        attempt: 1,
        lifecycle: { state: 'ended', baseCommit: COMMIT, end: { kind: limit, reason: 'it took too much' } },
        delivery: { state: 'pending', notice: { kind: 'ended', end: { kind: limit } } },
        deadline: null,
      });
      expect(attentionOf(task)).toMatch(/^out of (memory|time|disk): it took too much$/);
    },
  );

  it('LM-3: a sandbox that was killed for a limit is that end and not a loss; an end that is there stays', () => {
    const gone: Event = { type: 'sandbox_gone', attempt: 1, kept: null, limit: 'oom', reason: null };
    const task = played(...running, gone);
    expect(task).toMatchObject({
      attempt: 1,
      sandboxes: [],
      lifecycle: { state: 'ended', end: { kind: 'oom', reason: 'it used more than its 256 MiB of memory' } },
    });
    const unlinked = played({ type: 'claimed', attempt: 1, baseCommit: COMMIT }, { ...gone, limit: 'disk' });
    expect(unlinked.lifecycle).toMatchObject({ state: 'ended', end: { kind: 'disk' } });
    const exited = played(...running, { type: 'agent_exited', attempt: 1, code: 1, signal: null }, gone);
    expect(exited.lifecycle).toMatchObject({ end: { kind: 'exited', code: 1 } });
    const closed = played(...running, { type: 'close_requested', reason: 'asked' }, gone);
    expect(closed.lifecycle).toMatchObject({ state: 'ended', end: { kind: 'cancelled' } });
  });

  it('LM-3: a limit that ends an agent after its signal takes nothing of the signal and wants no look', () => {
    const task = played(
      ...running,
      { type: 'publish_requested', attempt: 1, publishId: 'q1', land: false, summary: null },
      { type: 'published', attempt: 1, publishId: 'q1', commit: COMMIT, dirty: [], untracked: [] },
      { type: 'limit_hit', attempt: 1, limit: 'timeout', reason: 'too long' },
    );
    expect(task).toMatchObject({
      lifecycle: { state: 'ended', end: { kind: 'timeout' } },
      completion: { state: 'signalled', signal: { commit: COMMIT } },
      delivery: { notice: { kind: 'signal' } },
    });
    expect(attentionOf(task)).toBeNull();
  });

  it('LM-4: the deadline begins with the first word of the runner', () => {
    expect(played(...running.slice(0, 1)).deadline).toBeNull();
    expect(played(...running).deadline).toBe('2026-01-01T00:01:30.000Z');
  });

  it('LM-1: limits come from the task, then the project, then the defaults', () => {
    const project = limitsOver(DEFAULT_LIMITS, { memoryMb: 512, cpus: 0.5 });
    expect(limitsOver(project, { memoryMb: 1_024 })).toEqual({ ...DEFAULT_LIMITS, cpus: 0.5, memoryMb: 1_024 });
  });
});

describe('why queued tasks wait', () => {
  const launcher = (changes: Partial<LauncherState>): LauncherState => ({
    id: '00000000-0000-4000-8000-000000000009',
    host: 'h',
    sandboxes: 'docker',
    ready: true,
    reason: null,
    slots: 4,
    running: 0,
    warm: 0,
    worktrees: 'overlay',
    note: null,
    ...changes,
  });
  const away = launcher({ ready: false, reason: 'the Docker engine does not answer' });

  it('TL-12: no launcher, one that cannot start sandboxes, and one that can', () => {
    expect(whyQueued([])).toBe('waits: no launcher is running');
    expect(whyQueued([away])).toBe('waits: the Docker engine does not answer');
    expect(whyQueued([launcher({ ready: false }), away])).toBe('waits: the Docker engine does not answer');
    expect(whyQueued([launcher({ ready: false })])).toBe('waits: no launcher is ready');
    expect(whyQueued([away, launcher({})])).toBeNull();
  });

  it('TL-12: only a queued task waits', () => {
    expect(viewOf(played(), 'waits: x').attention).toBe('waits: x');
    expect(viewOf(played(...running), 'waits: x').attention).toBeNull();
    expect(viewOf(played({ type: 'close_requested', reason: 'asked' }), 'waits: x').attention).not.toBe('waits: x');
  });
});
