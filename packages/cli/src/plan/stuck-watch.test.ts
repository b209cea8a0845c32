import { DEFAULT_LIMITS, type Task } from '@roundhouse/contracts';
import { describe, expect, it } from 'vitest';
import { createStuckWatch } from './stuck-watch.ts';

const id = 'f7c3a5b2-1d60-4b9e-9f0a-3a5b2c1d6042';
const at = '2026-11-23T10:00:00.000Z';
const base: Task = {
  id,
  version: 1,
  coordinatorId: id,
  projectId: id,
  name: 'a',
  hosts: null,
  branch: 'task/a',
  baseBranch: 'main',
  agent: { kind: 'scripted' },
  limits: DEFAULT_LIMITS,
  image: null,
  deadline: null,
  allowLandSelf: true,
  priority: 5,
  dependsOn: [],
  onDependencyFailure: 'fail',
  resultSchema: null,
  admission: { state: 'admitted', at: '2026-01-01T00:00:00.000Z' },
  createdAt: at,
  updatedAt: at,
  attempt: 1,
  lifecycle: { state: 'running', baseCommit: 'a'.repeat(40) },
  sandboxes: [1],
  closing: null,
  activity: { state: 'idle', evidence: 'status', question: null, at },
  completion: { state: 'none' },
  delivery: { state: 'none' },
  landing: { state: 'none' },
  control: { holder: 'coordinator' },
  typed: null,
  questions: [],
  reports: [],
  resumes: [],
  prompts: [{ id, ordinal: 1, bytes: 1, state: 'accepted', at, revision: 1, held: false }],
  settled: false,
  attention: null,
};

describe('createStuckWatch', () => {
  it('RP-6: idle for as long as is allowed is stuck; at work meanwhile, or not told everything yet, is not', () => {
    let nowMs = 0;
    const isStuck = createStuckWatch(1_000, () => nowMs);
    const after = (ms: number, task: Task) => {
      nowMs += ms;
      return isStuck(task)?.outcome ?? 'goes on';
    };
    const busy: Task = { ...base, activity: { ...base.activity, state: 'busy' } };
    const later: Task = { ...base, activity: { ...base.activity, at: '2026-11-23T10:00:05.000Z' } };
    const queued: Task = {
      ...base,
      prompts: [{ id, ordinal: 2, bytes: 1, state: 'queued', at, revision: 1, held: false }],
    };
    const unknown: Task = { ...base, activity: { ...base.activity, state: 'unknown' } };
    expect(after(0, base)).toBe('goes on');
    expect(after(999, base)).toBe('goes on');
    expect(after(1, later)).toBe('goes on');
    expect(after(999, busy)).toBe('goes on');
    expect(after(9_000, later)).toBe('goes on');
    expect(after(9_000, queued)).toBe('goes on');
    expect(after(9_000, unknown)).toBe('goes on');
    expect(after(9_000, unknown)).toBe('goes on');
    expect(after(9_000, base)).toBe('goes on');
    expect(after(1_000, base)).toBe('failed');
    const asked = { id, attempt: 1, text: 'Which?', options: [], at, outcome: { state: 'open' as const } };
    const asking: Task = { ...busy, questions: [asked] };
    expect(after(0, asking)).toBe('goes on');
    expect(after(1_000, asking)).toBe('failed');
  });

  it('RP-6: a prompt that could not be delivered is a failure at once', () => {
    const task: Task = {
      ...base,
      prompts: [{ id, ordinal: 1, bytes: 1, state: 'undelivered', at, revision: 1, held: false }],
    };
    expect(createStuckWatch(1_000)(task)).toMatchObject({ kind: 'undelivered' });
  });
});
