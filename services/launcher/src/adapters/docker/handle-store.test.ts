import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROFILE } from '../../testing/coordinator-double.ts';
import { HandleStore } from './handle-store.ts';
import type { AttemptSubject, HandleOf, WarmSubject } from './handle.ts';
import { newSlot } from './names.ts';

let root: string;
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'rh-handles-'))));
afterEach(() => rm(root, { recursive: true }));

const ref = { taskId: randomUUID(), attempt: 1 };
const [slot, remains] = [newSlot(), newSlot()];
const facts = { image: 'x', limits: PROFILE.limits, hubObjects: null, configFile: null, tree: 't' };
const createdAt = new Date(0).toISOString();
const begun: HandleOf<AttemptSubject> = {
  ...facts,
  slot,
  createdAt,
  subject: { kind: 'attempt', ...ref, phase: 'begun' },
};
const over: HandleOf<AttemptSubject> = { ...begun, slot: remains, subject: { ...begun.subject, phase: 'over' } };
const warm: HandleOf<WarmSubject> = {
  ...facts,
  slot,
  createdAt,
  subject: { kind: 'warm', warmId: randomUUID(), profile: PROFILE, uses: 1 },
};

describe('the handles of a container that is used again', () => {
  it('DS-30: in memory, whoever looks sees the attempt once, before and after', async () => {
    const store = await HandleStore.open(root);
    await store.put(begun);
    const recycled = store.recycle(over, warm);
    expect([store.attempts(), store.warm()]).toEqual([[over], [warm]]);
    await recycled;
    expect(store.ofAttempt(ref)).toEqual(over);
  });

  it('DS-30: found half written, it is still the attempt’s, and whole, both are what they say', async () => {
    const store = await HandleStore.open(root);
    await store.put(begun);
    await store.put(over);
    const half = await HandleStore.open(root);
    expect(half.all()).toEqual([begun]);
    await half.recycle(over, warm);
    const whole = await HandleStore.open(root);
    expect([whole.attempts(), whole.warm()]).toEqual([[over], [warm]]);
  });
});
