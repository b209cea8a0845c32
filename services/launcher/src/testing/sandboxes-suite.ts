import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxProfile } from '@roundhouse/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AttemptRef, SandboxView, Sandboxes, StartOrder, WarmView } from '../ports.ts';
import { assignmentOf } from './assignment-of.ts';
import { PROFILE } from './coordinator-double.ts';
import { eventually } from './eventually.ts';

/** What the suite needs of an adapter: a scratch place of its own, with tiny-runner.mjs in the place of the runner. */
export interface SandboxesHarness {
  /** A launcher's view of that place, recovered already; each call is another launcher that starts anew. */
  open(): Promise<Sandboxes>;
  /** Where the host sees what an attempt's sandbox calls its folder. */
  boxOf(ref: AttemptRef): string;
  /** How many processes of an attempt's sandbox live. */
  processesOf(ref: AttemptRef): Promise<number>;
  /** How many processes of a warm sandbox live; also once it was given an attempt, and after it was recycled. */
  processesOfWarm(warmId: string): Promise<number>;
  /** Ends and deletes all of it. */
  clean(): Promise<void>;
}

const NEVER = new AbortController().signal;

interface Seen {
  readonly startId: string;
  readonly mark?: string;
  readonly config: Record<string, unknown>;
  readonly env: Record<string, string>;
  readonly argv: readonly string[];
}

/**
 * What every adapter of the `Sandboxes` port does, with real sandboxes. Recycling is a part of it where `recycles`:
 * then `open` makes adapters that use sandboxes again.
 */
export function sandboxesSuite(
  makeHarness: () => Promise<SandboxesHarness>,
  { recycles }: { recycles: boolean },
): void {
  let harness: SandboxesHarness;
  let sandboxes: Sandboxes;
  const opened: Sandboxes[] = [];

  const open = async (): Promise<Sandboxes> => {
    const another = await harness.open();
    opened.push(another);
    return another;
  };
  beforeEach(async () => {
    harness = await makeHarness();
    sandboxes = await open();
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    await harness.clean();
  });

  const seenBy = (ref: AttemptRef): Promise<Seen> =>
    eventually(
      async () => {
        const isUp = await readFile(join(harness.boxOf(ref), 'up'), 'utf8').catch(() => null);
        return isUp === null
          ? null
          : (JSON.parse(await readFile(join(harness.boxOf(ref), 'seen.json'), 'utf8')) as Seen);
      },
      'the runner is up',
      20_000,
    );
  const started = async (word: string): Promise<StartOrder> => {
    const order = newOrder(word);
    await sandboxes.start(order);
    await seenBy(order);
    return order;
  };
  const stateOf = async (ref: AttemptRef, of: Sandboxes = sandboxes): Promise<SandboxView['state'] | undefined> =>
    (await of.list()).find(({ taskId, attempt }) => taskId === ref.taskId && attempt === ref.attempt)?.state;
  const warmOf = async (warmId: string, of: Sandboxes = sandboxes): Promise<WarmView | undefined> =>
    (await of.listWarm()).find((view) => view.warmId === warmId);
  const startedWarm = async (profile: SandboxProfile = PROFILE): Promise<string> => {
    const warmId = randomUUID();
    await sandboxes.startWarm({ warmId, profile }, NEVER);
    return warmId;
  };
  const archive = (order: StartOrder, word: string, signal = NEVER): Promise<unknown> =>
    sandboxes.archive({ ...order, ref: 'refs/archive/x/1', token: `secret ${word}` }, signal);
  const workOf = (folder: string): Promise<string> => readFile(join(folder, 'worktree/work.txt'), 'utf8');

  describe('for an attempt', () => {
    it('gives the runner its config and no secret in its arguments or environment', async () => {
      const order = await started('plain');
      const { config, argv, env } = await seenBy(order);
      expect(config).toMatchObject({ mode: 'attempt', taskId: order.taskId, attempt: 1, token: order.runnerToken });
      expect(JSON.stringify({ argv, env })).not.toContain('secret');
      expect(await stateOf(order)).toBe('running');
    });

    it('starts the same attempt once, also when another launcher starts it again', async () => {
      const order = await started('plain');
      const { startId } = await seenBy(order);
      await sandboxes.start(order);
      await (await open()).start(order);
      expect((await seenBy(order)).startId).toBe(startId);
    });

    it('never throws away work of an earlier start', async () => {
      const order = await started('plain');
      await sandboxes.end(order);
      await expect(sandboxes.start(order)).rejects.toThrow('work');
      expect(await workOf(harness.boxOf(order))).toBe('work');
    });

    it('replaces an earlier start that left no work', async () => {
      const order = await started('idle');
      const { startId } = await seenBy(order);
      await sandboxes.end(order);
      await sandboxes.start(order);
      await eventually(async () => (await seenBy(order)).startId !== startId, 'it is another');
    });

    it('shows another launcher what lives and what has ended', async () => {
      const [live, dead] = [await started('plain'), await started('plain')];
      await sandboxes.end(dead);
      const another = await open();
      expect([await stateOf(live, another), await stateOf(dead, another)]).toEqual(['running', 'stopped']);
      await another.end(live);
      expect(await stateOf(live, another)).toBe('stopped');
    });

    it('says that a runner has exited, and with what', async () => {
      const exits: unknown[] = [];
      sandboxes.onExited(({ taskId, attempt }, how) => exits.push({ taskId, attempt, how }));
      const order = newOrder('brief');
      await sandboxes.start(order);
      const { taskId, attempt } = order;
      await eventually(() => exits.length > 0, 'it is said');
      expect(exits).toEqual([{ taskId, attempt, how: 0 }]);
      await eventually(async () => (await stateOf(order)) === 'stopped', 'it has stopped');
    });

    it('ends a runner and its child that ignore SIGTERM and SIGHUP; twice is fine; it was no limit', async () => {
      const order = await started('stubborn');
      await eventually(async () => (await harness.processesOf(order)) >= 2, 'the child runs');
      await sandboxes.end(order);
      await sandboxes.end(order);
      expect(await harness.processesOf(order)).toBe(0);
      expect(await sandboxes.limitHit(order)).toBeNull();
    });

    it('lets a runner wind down by itself', async () => {
      const order = await started('plain');
      await sandboxes.windDown(order, AbortSignal.timeout(8_000));
      expect(await stateOf(order)).toBe('stopped');
    });

    it('archives, with the outcome of the archive run and within its bound, and leaves no process', async () => {
      const [order, empty] = [await started('plain'), await started('idle')];
      await Promise.all([sandboxes.end(order), sandboxes.end(empty)]);
      expect([await sandboxes.hasWork(order), await sandboxes.hasWork(empty)]).toEqual([true, false]);
      expect(await archive(order, 'save')).toEqual({ outcome: 'archived' });
      expect(await archive(order, 'refuse')).toMatchObject({ outcome: 'failed' });
      expect(await archive(order, 'hang', AbortSignal.timeout(1_500))).toMatchObject({ outcome: 'failed' });
      expect(await harness.processesOf(order)).toBe(0);
    });

    it('is out of the way at once and deleted later; both twice are fine', async () => {
      const order = await started('plain');
      await sandboxes.end(order);
      for (let time = 0; time < 2; time += 1) await sandboxes.remove(order);
      expect(await stateOf(order)).toBe('removed');
      expect(await stateOf(order, await open())).toBe('removed');
      for (let time = 0; time < 2; time += 1) await sandboxes.discard(order);
      expect(await sandboxes.list()).toEqual([]);
    });

    it('is kept with its work, off the list; twice is fine', async () => {
      const order = await started('plain');
      await sandboxes.end(order);
      for (let time = 0; time < 2; time += 1) await sandboxes.keep(order);
      expect(await sandboxes.list()).toEqual([]);
      expect(await workOf(sandboxes.keptPath(order))).toBe('work');
    });
  });

  describe('ahead of an attempt', () => {
    it('waits without a secret, is no attempt, and is handed one in a moment', async () => {
      const warmId = await startedWarm();
      expect(await warmOf(warmId)).toMatchObject({ profile: PROFILE, isReady: true });
      expect(Date.now() - ((await warmOf(warmId))?.createdAtMs ?? 0)).toBeLessThan(60_000);
      expect(await sandboxes.list()).toEqual([]);
      const order = newOrder('plain');
      expect(await sandboxes.assign(warmId, order, NEVER)).toBe('taken');
      const { config, mark, argv, env } = await seenBy(order);
      const { taskId, runnerToken: token, agentEnvironment } = order;
      expect(config).toMatchObject({ mode: 'attempt', taskId, token, agentEnvironment });
      expect(mark).toBe(`run-${order.taskId}-1`);
      expect(JSON.stringify({ argv, env })).not.toContain('secret');
      expect([await stateOf(order), await warmOf(warmId)]).toEqual(['running', undefined]);
      const exits: unknown[] = [];
      sandboxes.onExited(({ taskId }) => exits.push(taskId));
      await sandboxes.end(order);
      expect([await harness.processesOf(order), await harness.processesOfWarm(warmId)]).toEqual([0, 0]);
      await eventually(() => exits.length > 0, 'its exit is told like any other');
      expect(await workOf(harness.boxOf(order))).toBe('work');
    });

    it('is that attempt’s from then on: a start of it is the same sandbox, endWarm leaves it alone', async () => {
      const warmId = await startedWarm();
      const order = newOrder('plain');
      await sandboxes.assign(warmId, order, NEVER);
      const { startId } = await seenBy(order);
      await sandboxes.endWarm(warmId);
      const another = await open();
      await another.start(order);
      await another.endWarm(warmId);
      expect((await seenBy(order)).startId).toBe(startId);
      expect(await stateOf(order, another)).toBe('running');
      await another.windDown(order, AbortSignal.timeout(8_000));
      await another.end(order);
      expect(await harness.processesOfWarm(warmId)).toBe(0);
    });

    it.each(['unwilling', 'silent'])('that is %s is refused, gone, and the attempt starts in another', async (word) => {
      const warmId = await startedWarm();
      const order = newOrder(word);
      const before = Date.now();
      expect(await sandboxes.assign(warmId, order, NEVER)).toBe('refused');
      expect(Date.now() - before).toBeLessThan(30_000);
      expect([await sandboxes.list(), await sandboxes.listWarm()]).toEqual([[], []]);
      expect(await harness.processesOfWarm(warmId)).toBe(0);
      await sandboxes.start({ ...order, runnerToken: 'secret plain' });
      await seenBy(order);
      expect(await stateOf(order)).toBe('running');
    });

    it('that is unknown, or was given away, is refused', async () => {
      expect(await sandboxes.assign(randomUUID(), newOrder('plain'), NEVER)).toBe('refused');
      const warmId = await startedWarm();
      expect(await sandboxes.assign(warmId, newOrder('plain'), NEVER)).toBe('taken');
      expect(await sandboxes.assign(warmId, newOrder('plain'), NEVER)).toBe('refused');
    });

    it('ends with all of it; twice is fine', async () => {
      const warmId = await startedWarm();
      expect(await harness.processesOfWarm(warmId)).toBeGreaterThan(0);
      for (let time = 0; time < 2; time += 1) await sandboxes.endWarm(warmId);
      expect(await sandboxes.listWarm()).toEqual([]);
      expect(await harness.processesOfWarm(warmId)).toBe(0);
      expect(await (await open()).listWarm()).toEqual([]);
    });

    it('is found again by another launcher, which can hand it an attempt', async () => {
      const warmId = await startedWarm();
      await sandboxes.close();
      const another = await open();
      expect(await warmOf(warmId, another)).toMatchObject({ profile: PROFILE, isReady: true });
      const order = newOrder('plain');
      expect(await another.assign(warmId, order, NEVER)).toBe('taken');
      await seenBy(order);
      expect(await stateOf(order, another)).toBe('running');
      await another.end(order);
      expect(await harness.processesOfWarm(warmId)).toBe(0);
    });

    it('whose start is given up leaves nothing', async () => {
      const warmId = randomUUID();
      await expect(sandboxes.startWarm({ warmId, profile: PROFILE }, AbortSignal.timeout(1))).rejects.toThrow();
      expect(await sandboxes.listWarm()).toEqual([]);
      expect(await harness.processesOfWarm(warmId)).toBe(0);
    });
  });

  // Not skipped but absent: what an adapter does not do is no test of it that is missing.
  if (!recycles) return;
  describe('after an attempt', () => {
    it('is used again, with nothing of the earlier attempt in its box', async () => {
      const idle: AttemptRef[] = [];
      sandboxes.onIdle((ref) => idle.push(ref));
      const first = newOrder('again');
      const firstId = await startedWarm();
      expect(await sandboxes.assign(firstId, first, NEVER)).toBe('taken');
      const { startId } = await seenBy(first);
      await writeFile(join(harness.boxOf(first), 'over'), '');
      await eventually(() => idle.length > 0, 'it says that it is idle');
      expect(idle).toMatchObject([{ taskId: first.taskId, attempt: 1 }]);
      const secondId = await sandboxes.recycle(first);
      if (secondId === null) throw new Error('it was not recycled');
      expect(await stateOf(first)).toBe('removed');
      await sandboxes.discard(first);
      expect(await sandboxes.list()).toEqual([]);
      expect(await warmOf(secondId)).toMatchObject({ profile: PROFILE, isReady: true });
      const second = newOrder('idle');
      expect(await sandboxes.assign(secondId, second, NEVER)).toBe('taken');
      expect((await seenBy(second)).startId).toBe(startId);
      expect(await sandboxes.hasWork(second)).toBe(false);
      await sandboxes.end(second);
      expect(await harness.processesOfWarm(firstId)).toBe(0);
    });

    it('is used again also where it is over as soon as it is taken', async () => {
      const idle: AttemptRef[] = [];
      sandboxes.onIdle((ref) => idle.push(ref));
      const order = newOrder('swift');
      expect(await sandboxes.assign(await startedWarm(), order, NEVER)).toBe('taken');
      expect(idle).toMatchObject([{ taskId: order.taskId, attempt: 1 }]);
      expect(await sandboxes.recycle(order)).not.toBeNull();
      await sandboxes.discard(order);
    });

    it('is not used again where it never was warm, or has ended', async () => {
      const cold = await started('plain');
      expect(await sandboxes.recycle(cold)).toBeNull();
      const order = newOrder('again');
      await sandboxes.assign(await startedWarm(), order, NEVER);
      await sandboxes.end(order);
      expect(await sandboxes.recycle(order)).toBeNull();
    });
  });
}

/** An attempt of the profile that the suite starts warm sandboxes for. */
export function newOrder(word: string): StartOrder {
  const { projectId, image, limits, hubObjects } = PROFILE;
  const bound = { taskId: randomUUID(), attempt: 1, projectId };
  const assignment = assignmentOf(bound);
  const { baseCommit } = assignment;
  const agentEnvironment = { A_MODEL_KEY: `secret key of ${bound.taskId}` };
  const told = { assignment, hubObjects, runnerToken: `secret ${word}`, baseCommit, agentEnvironment };
  return { ...bound, image, limits, ...told };
}
