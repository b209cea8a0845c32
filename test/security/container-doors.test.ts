import { readFile } from 'node:fs/promises';
import type { ApiClient, Task } from '@roundhouse/contracts';
import {
  type EmbeddedService,
  type ScratchRepository,
  eventually,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noEngine } from '../e2e/containers/engine.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, the doors of containers: ${why}\n`);

/** What one sandbox may hold at each door, and how often it has tried by then at least. */
const MOST = { coordinator: 128, mcp: 256, egress: 256 };
/** On a busy machine some that will be turned away count as held: they wait to be seen. It has so many under way. */
const UNSEEN = 32;
const TRIES = 5_000;
const HELD = /held coordinator=(\d+) mcp=(\d+) egress=(\d+) of (\d+)/g;

let repository: ScratchRepository;
let service: EmbeddedService;
let coordinator: ApiClient;

describe.skipIf(why !== null)('a sandbox that takes every connection it can get', () => {
  beforeAll(async () => {
    repository = await scratchRepository();
    service = await startEmbeddedService({ repository: repository.path, args: ['--sandbox', 'docker'] });
    coordinator = service.coordinator();
  }, 240_000);
  afterAll(async () => {
    await service?.stop();
    await repository?.remove();
  });

  /** From create to landed; answers how long that took, milliseconds. */
  async function land(file: string): Promise<number> {
    const began = performance.now();
    const prompt = `@write ${file} x\n@commit ${file}\n@done ${file} is there.`;
    const { id } = await coordinator.call('createTask', { name: file, prompt, agent: { kind: 'scripted' } });
    const answer = await coordinator.call('waitForIdle', { id, timeoutMs: 50_000 });
    if (answer.outcome !== 'signalled') {
      const { text } = await coordinator.call('readOutput', { id });
      throw new Error(`${answer.outcome}: ${text}\n${service.log}`);
    }
    expect((await coordinator.call('mergeTask', { id })).outcome).toBe('landed');
    const ms = performance.now() - began;
    await coordinator.call('closeTask', { id });
    return ms;
  }

  async function flooding(): Promise<string> {
    const script = await readFile(new URL('./flood-doors.mjs', import.meta.url), 'utf8');
    const { id } = await coordinator.call('createTask', {
      name: 'flood',
      prompt: 'Flood.',
      agent: {
        kind: 'command',
        argv: ['/opt/roundhouse/bin/node', '--input-type=module', '--eval', script],
        promptVia: 'file',
      },
      // What is measured is not how the processors are shared.
      limits: { cpus: 0.5 },
    });
    return id;
  }

  /** What it holds, by its last word. */
  async function held(id: string): Promise<{ coordinator: number; mcp: number; egress: number; tries: number } | null> {
    const { text } = await coordinator.call('readOutput', { id });
    const last = [...text.matchAll(HELD)].at(-1);
    if (last === undefined) return null;
    const [atCoordinator = 0, mcp = 0, egress = 0, tries = 0] = last.slice(1).map(Number);
    return { coordinator: atCoordinator, mcp, egress, tries };
  }

  it('DS-27, RL-27: holds no more than its own doors let in, and a sibling works from create to landed as ever', async () => {
    const before = await land('before.txt');
    const id = await flooding();
    const full = await eventually('full doors', 60_000, async () => {
      const now = await held(id);
      return now !== null && now.tries >= TRIES && now.mcp >= 200 && now.egress >= 200 ? now : undefined;
    });
    for (const door of ['coordinator', 'mcp', 'egress'] as const)
      expect([door, full[door] <= MOST[door] + UNSEEN]).toEqual([door, true]);
    const times = [await land('one.txt'), await land('two.txt'), await land('three.txt')];
    const after = await held(id);
    expect(after?.tries ?? 0).toBeGreaterThan(full.tries);
    const running: Task = await coordinator.call('getTask', { id });
    // It hurt nobody, itself included: its runner still speaks through the same door.
    expect(running.lifecycle.state).toBe('running');
    const worst = Math.max(...times);
    process.stderr.write(
      `doors: ${JSON.stringify(after)}; a sibling ${Math.round(before)} ms before, ${times.map(Math.round).join(', ')} ms beside it\n`,
    );
    expect(worst).toBeLessThan(before * 5 + 5_000);
    const told = service.log.split('\n').filter((line) => line.includes('a connection of a sandbox was turned away'));
    const slots = new Set(told.map((line) => /"slot":"([0-9a-f]{12})"/.exec(line)?.[1]));
    expect(slots.size).toBe(1);
    expect((await coordinator.call('closeTask', { id })).outcome).toBe('closed');
  });
});
