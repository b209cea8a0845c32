import { setTimeout as pause } from 'node:timers/promises';
import type { AgentSpec, Task } from '@roundhouse/contracts';
import { processTable, temporaryFolder } from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeadlessClient } from './headless-client.ts';
import { installProgram } from './install-program.ts';
import { installedOrSkipped } from './installed-or-skipped.ts';
import { ProgramWorld } from './program-world.ts';
import { isClient, type ProgramName } from './programs.ts';
import { PROMPTS } from './story.ts';

const MAX_DIALOGS = 4;
/** Codex gives a server a second to answer, and begins without: on a busy machine that may be missed. */
const MAX_TRIES = 3;

/** The same story with each of the real programs, against the service as a user runs it. */
export async function describeProgram(
  name: ProgramName,
  further: (world: () => ProgramWorld) => void = () => undefined,
): Promise<void> {
  const program = await installedOrSkipped(installProgram(name));
  describe.skipIf(program === null)(`${name} ${program?.version ?? ''}`, () => {
    let world: ProgramWorld;
    let id: string;
    beforeAll(async () => {
      world = await ProgramWorld.start(name, program?.path ?? '');
    });
    afterAll(() => world.stop());

    const agent = (more: object): AgentSpec => world.agent(more);
    const task = (): Promise<Task> => world.client.call('getTask', { id });

    it(`RX-3: ${name} starts, takes its prompt, and signals by the tool that it has of us`, async () => {
      const made = await world.client.call('createTask', {
        name: 'a task',
        prompt: PROMPTS.add('one.txt'),
        agent: agent({ permissionMode: 'all' }),
      });
      id = made.id;
      const { outcome, notice } = await world.nextSignal();
      expect([outcome, notice?.taskId, notice?.summary], await world.tale(id)).toEqual(['signal', id, 'It is there.']);
      expect(await world.changed(id)).toEqual(['one.txt']);
      expect((await task()).prompts.map(({ state }) => state)).toEqual(['accepted']);
    });

    it(`RX-4: ${name} takes another prompt when it is idle, and works on it`, async () => {
      expect(await world.needs(id)).toMatchObject({
        outcome: 'signalled',
      });
      await world.client.call('promptTask', { id, prompt: PROMPTS.add('two.txt') });
      const { outcome } = await world.nextSignal();
      expect(outcome, await world.tale(id)).toBe('signal');
      expect(await world.changed(id)).toEqual(['one.txt', 'two.txt']);
    });

    it(`RX-6: ${name} is killed over a prompt, is started again with its conversation, and finishes another one`, async () => {
      await world.client.call('promptTask', { id, prompt: PROMPTS.ponder });
      await world.asked(PROMPTS.ponder);
      // What it was not proven to have taken would be typed once more.
      await world.taken(id);
      const pid = await agentPid(id);
      process.kill(pid, 'SIGKILL');
      await world.resumed(id);
      expect(await agentPid(id)).not.toBe(pid);
      expect(await world.needs(id), await world.tale(id)).toMatchObject({
        outcome: 'idle',
        task: { attempt: 1, resumes: [{ signal: 'SIGKILL', anew: false }] },
      });
      expect((await task()).attention).toMatch(/died and was started again/);
      await world.client.call('promptTask', { id, prompt: PROMPTS.add('three.txt') });
      const { outcome } = await world.nextSignal();
      expect(outcome, await world.tale(id)).toBe('signal');
      expect(await world.changed(id)).toEqual(['one.txt', 'three.txt', 'two.txt']);
      // Each prompt once, in the one conversation: none was lost with the program, and none was told twice.
      expect(world.said(PROMPTS.add('three.txt'))).toEqual([
        PROMPTS.add('one.txt'),
        PROMPTS.add('two.txt'),
        PROMPTS.ponder,
        PROMPTS.add('three.txt'),
      ]);
      expect((await task()).attention).toBeNull();
      expect(await world.client.call('closeTask', { id })).toMatchObject({ outcome: 'closed', kept: [] });
    });

    it(`RX-5: ${name} asks before it runs a command, is answered over the API, and does it`, async () => {
      const made = await world.client.call('createTask', {
        name: 'asks',
        prompt: PROMPTS.addAsking('asked.txt'),
        agent: agent({ permissionMode: 'ask' }),
      });
      id = made.id;
      let answered = 0;
      for (; answered < MAX_DIALOGS; answered += 1) {
        const { outcome, activity } = await world.needs(id);
        if (outcome === 'signalled') break;
        expect(outcome, await world.tale(id)).toBe('waiting_input');
        const { question } = activity;
        const option = question?.options.findIndex((words) => /^(?:yes|allow)/i.test(words)) ?? -1;
        expect([question?.kind, option], JSON.stringify(question)).toEqual(['permission', 0]);
        await world.client.call('answerDialog', { id, dialogId: question?.id ?? '', option });
      }
      expect(answered, await world.tale(id)).toBeGreaterThan(0);
      expect((await world.nextSignal()).notice?.summary).toBe('I was allowed to.');
      expect(await world.changed(id)).toEqual(['asked.txt']);
      expect((await task()).dialogAnswer).toMatchObject({ state: 'answered', by: 'coordinator' });
      expect(await world.client.call('closeTask', { id })).toMatchObject({ outcome: 'closed', kept: [] });
    });

    it(`RX-2: ${name} has asked the scripted model alone, and got nothing from elsewhere`, () => {
      const { requests, strangers } = world.model;
      expect(requests.length).toBeGreaterThan(8);
      expect(requests.flatMap(({ missing }) => missing)).toEqual([]);
      expect(strangers.filter((line) => line.includes(':'))).toEqual([]);
    });

    if (isClient(name))
      it.each(['http', 'stdio'] as const)(
        `RX-12: ${name} is a coordinator with what mcp config wrote for it, over %s`,
        async (transport) => {
          const home = await temporaryFolder();
          const client = new HeadlessClient(name, home.path, world.side);
          try {
            await client.configure(world.service.data, transport);
            let said = '';
            let made: Task | undefined;
            for (let tries = 0; tries < MAX_TRIES && made === undefined; tries += 1) {
              said = await client.run(program?.path ?? '', PROMPTS.coordinate, world.side);
              const { tasks } = await world.client.call('listTasks', {});
              made = tasks.find((candidate) => candidate.name === 'greet' && candidate.lifecycle.state !== 'closed');
            }
            expect(made, said).toBeDefined();
            expect(said).toContain(made?.id);
            id = made?.id ?? '';
            expect(await world.nextSignal()).toMatchObject({ outcome: 'signal', notice: { taskId: id } });
            expect(await world.client.call('closeTask', { id })).toMatchObject({ outcome: 'closed' });
          } finally {
            await home.remove();
          }
        },
      );

    further(() => world);
  });
}

/** The program of a task's agent: the one process of it whose parent is none of it. No event tells of a process. */
async function agentPid(taskId: string): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const rows = (await processTable()).filter(
      ({ environment, zombie }) => !zombie && environment.includes(`ROUNDHOUSE_TASK_ID=${taskId}`),
    );
    const first = rows.filter(({ ppid }) => !rows.some(({ pid }) => pid === ppid));
    if (first[0] !== undefined && first.length === 1) return first[0].pid;
    await pause(50);
  }
  throw new Error('the agent has no process');
}
