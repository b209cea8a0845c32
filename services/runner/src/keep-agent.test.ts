import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DesiredPrompt } from '@roundhouse/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { type Runner, Sandbox } from './testing/sandbox.ts';

const PROGRAM = fileURLToPath(new URL('../src/testing/mortal-program.mjs', import.meta.url));
const BOUND_MS = 60_000;

let sandbox: Sandbox;
afterEach(async () => {
  await sandbox.remove();
});

const CLAUDE = { kind: 'claude' } as const;
const COPILOT = { kind: 'copilot', permissionMode: 'all' } as const;

/** An attempt whose program lives as long as `lives` says, with its first prompt. */
const started = (...lives: string[]) => startedAs(CLAUDE, ...lives);

async function startedAs(
  kind: typeof CLAUDE | typeof COPILOT,
  ...lives: string[]
): Promise<{ prompt: DesiredPrompt; runner: Runner }> {
  sandbox = await Sandbox.make();
  const program = join(sandbox.root, 'mortal');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  await chmod(program, 0o700);
  const agent = {
    ...kind,
    program,
    dialogs: 'ask' as const,
    extraArgs: [`--lives=${lives.join(',')}`],
  };
  const prompt = sandbox.prompt('do it');
  sandbox.coordinator.desire({ prompts: [prompt] });
  const assignment = { ...sandbox.assignment, agent };
  return { prompt, runner: await sandbox.start(sandbox.attemptConfig({ assignment })) };
}

const inHome = async (name: string): Promise<string[]> =>
  (await readFile(join(sandbox.folder, 'home', name), 'utf8')).trimEnd().split('\n');
const until = (what: string, holds: () => boolean): Promise<void> => sandbox.coordinator.until(what, holds, BOUND_MS);
const isIdle = (): boolean => sandbox.coordinator.event('activity')?.activity.state === 'idle';

/** Another prompt, and the wait until it was worked on. */
async function tell(before: DesiredPrompt, text: string): Promise<void> {
  const prompt = sandbox.prompt(text, 2);
  sandbox.coordinator.desire({ prompts: [before, prompt] });
  await until('the other prompt', () => sandbox.coordinator.prompt(prompt.id).includes('accepted'));
  await until('idle', isIdle);
}

describe('an agent that dies', () => {
  it('RX-7: what it had taken is not typed again, and it goes on with it', async () => {
    const { prompt } = await started('work', 'live');
    const { coordinator } = sandbox;
    await until('resumed', () => coordinator.event('agent_resumed') !== undefined);
    expect(coordinator.event('agent_resumed')).toMatchObject({ signal: 'SIGKILL', code: null, anew: false });
    await until('idle', isIdle);
    await tell(prompt, 'go on');
    expect(coordinator.prompt(prompt.id)).toEqual(['written', 'accepted']);
    expect(await inHome('conversation')).toEqual(['do it', 'go on']);
    expect(await inHome('lives')).toEqual(['new', 'resumed']);
    expect(coordinator.all('agent_exited')).toEqual([]);
  });

  it('RX-7, RX-9: what it was not proven to have taken is typed again, without a conversation where there is none', async () => {
    const { prompt } = await started('paste', 'told', 'live');
    const { coordinator } = sandbox;
    await until('accepted', () => coordinator.prompt(prompt.id).includes('accepted'));
    await until('idle', isIdle);
    // Typed and not proven: only the try tells that there is no conversation to go on with, and then it is started without.
    expect(await inHome('lives')).toEqual(['new', 'new', 'resumed', 'new']);
    expect(await inHome('conversation')).toEqual(['do it']);
    expect(coordinator.all('agent_resumed').map(({ anew }) => anew)).toEqual([true, false, true]);
  });

  it.each([CLAUDE, COPILOT])(
    'RX-18: what $kind was seen to work on and had not written down is typed again',
    async (kind) => {
      const { prompt } = await startedAs(kind, 'unwritten', 'work', 'live');
      const { coordinator } = sandbox;
      const resumed = (): number => coordinator.all('agent_resumed').length;
      await until('resumed', () => resumed() === 1);
      expect(coordinator.prompt(prompt.id)).toEqual(['written']);
      await until('accepted', () => coordinator.prompt(prompt.id).includes('accepted'));
      await until('resumed once more', () => resumed() === 2);
      await until('idle', isIdle);
      await tell(prompt, 'go on');
      expect(coordinator.prompt(prompt.id)).toEqual(['written', 'written', 'accepted']);
      expect(await inHome('conversation')).toEqual(['do it', 'go on']);
      expect(await inHome('lives')).toHaveLength(3);
    },
  );

  it('RX-8, RX-9: it is started again three times, and then its end is reported once', async () => {
    const { prompt } = await started('work', 'paste', 'paste', 'paste', 'live');
    const { coordinator } = sandbox;
    await until('accepted', () => coordinator.prompt(prompt.id).includes('accepted'));
    const other = sandbox.prompt('more', 2);
    coordinator.desire({ prompts: [prompt, other] });
    await until('its end', () => coordinator.event('agent_exited') !== undefined);
    expect(coordinator.all('agent_resumed')).toHaveLength(3);
    expect(coordinator.all('agent_exited')).toEqual([{ type: 'agent_exited', code: null, signal: 'SIGKILL' }]);
    expect(await inHome('lives')).toEqual(['new', 'resumed', 'resumed', 'resumed']);
    expect(coordinator.prompt(other.id)).not.toContain('accepted');
  });

  it('RX-8: one that does not come up ends the attempt as ever, and so does one that ends by itself', async () => {
    await started('start', 'live');
    const { coordinator } = sandbox;
    await until('its end', () => coordinator.event('agent_exited') !== undefined);
    expect(coordinator.event('agent_exited')).toEqual({ type: 'agent_exited', code: 1, signal: null });
    expect(coordinator.all('agent_resumed')).toEqual([]);
  });

  it('RX-8: a stop while it is started again ends it, and nothing is left', async () => {
    const { prompt, runner } = await started('live', 'live');
    const { coordinator } = sandbox;
    await until('accepted', () => coordinator.prompt(prompt.id).includes('accepted'));
    process.kill(coordinator.event('agent_started')?.pid ?? 0, 'SIGKILL');
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
    expect(await sandbox.processes()).toEqual([]);
  });
});
