import { access, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_HAND_OVER_LINE } from '@roundhouse/contracts';
import { findProcesses } from '@roundhouse/host';
import { afterEach, describe, expect, it } from 'vitest';
import { TestLauncher } from './testing/launcher.ts';
import { type Runner, Sandbox, WAITING_MARK } from './testing/sandbox.ts';

let sandbox: Sandbox;
let launchers: TestLauncher[] = [];
let runner: Runner;

afterEach(async () => {
  for (const launcher of launchers) launcher.close();
  launchers = [];
  runner.child.kill('SIGKILL');
  await runner.exited;
  await sandbox.remove();
});

const socket = (): string => join(sandbox.folder, 'hand-over.sock');

async function connect(path = socket()): Promise<TestLauncher> {
  const launcher = await TestLauncher.connect(path);
  launchers.push(launcher);
  return launcher;
}

/** A runner that waits, and a launcher that has heard that it is ready. */
async function waiting(): Promise<TestLauncher> {
  sandbox = await Sandbox.make();
  runner = sandbox.startWaiting();
  const launcher = await connect();
  expect(await launcher.said(1)).toEqual(['ready']);
  return launcher;
}

describe('a runner that was started ahead', () => {
  it('R-30: says that it is ready, takes an attempt, says so once the coordinator has given it, and runs it', async () => {
    const launcher = await waiting();
    const { coordinator, mark } = sandbox;
    expect(launcher.heard[0]).toEqual({ type: 'ready', pid: runner.child.pid });
    expect((await stat(socket())).mode & 0o777).toBe(0o600);
    expect(coordinator.connections).toBe(0);
    const prompt = sandbox.prompt('@write hello.txt hi\n@commit add\n@write left.txt not committed\n@orphan 600000');
    coordinator.desire({ prompts: [prompt] });
    launcher.assign({ mark, config: sandbox.attemptConfig(), again: false });
    expect(await launcher.said(2)).toEqual(['ready', 'taken']);
    await coordinator.until('orphan', () => coordinator.text.includes('orphan '));
    // Its agent is of the attempt; it itself is still of the sandbox that it was started as.
    expect(await findProcesses({ mark })).toContain(coordinator.event('agent_started')?.pid);
    expect(await findProcesses({ mark: WAITING_MARK })).toContain(runner.child.pid);
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
    expect(await sandbox.archived('left.txt')).toBe('not committed');
    expect(await sandbox.processes()).toEqual([]);
    expect(runner.log).not.toContain('token-of-a-test');
    expect(runner.log).not.toContain('rehears');
  });

  it('R-30: refuses with the reason where the attempt is not its own, and ends with 3', async () => {
    const launcher = await waiting();
    sandbox.coordinator.tokens.delete(sandbox.runnerToken);
    launcher.assign({ mark: sandbox.mark, config: sandbox.attemptConfig(), again: true });
    expect(await launcher.said(2)).toEqual(['ready', 'refused']);
    expect(launcher.heard[1]).toEqual({ type: 'refused', reason: 'the link was answered with HTTP 401' });
    expect((await runner.exited).code).toBe(3);
  });

  it('R-30: a door that cannot be opened is a refusal too, and the runner ends with 1', async () => {
    const launcher = await waiting();
    const port = Number(new URL(sandbox.coordinator.url).port);
    const doors = [{ port, socket: join(sandbox.root, 'nowhere.sock') }];
    launcher.assign({ mark: sandbox.mark, config: sandbox.attemptConfig({ doors }), again: false });
    await launcher.said(2);
    expect(launcher.heard[1]).toMatchObject({ type: 'refused', reason: expect.stringContaining('EADDRINUSE') });
    expect((await runner.exited).code).toBe(1);
  });

  it('R-31: a launcher that was restarted connects anew and hears that it is ready; the new connection is the one', async () => {
    const first = await waiting();
    first.close();
    const second = await connect();
    expect(await second.said(1)).toEqual(['ready']);
    const third = await connect();
    expect(await third.said(1)).toEqual(['ready']);
    await second.closed;
    runner.child.kill('SIGTERM');
    expect((await runner.exited).code).toBe(0);
    await expect(access(socket())).rejects.toThrow('ENOENT');
  });

  it('R-31: nonsense is refused in words without what stood in it, an endless line ends the connection', async () => {
    const launcher = await waiting();
    launcher.write('not json secret-word\n');
    launcher.write('{"type":"assign","mark":"x","config":{"mode":"attempt","token":"secret-word"},"again":false}\n');
    expect(await launcher.said(3)).toEqual(['ready', 'refused', 'refused']);
    expect(JSON.stringify(launcher.heard)).not.toContain('secret-word');
    launcher.write('x'.repeat(MAX_HAND_OVER_LINE + 1));
    await launcher.closed;
    expect(await (await connect()).said(1)).toEqual(['ready']);
  });

  it('R-31: during an attempt nobody else can speak to it, and a second order is refused', async () => {
    const launcher = await waiting();
    const { coordinator } = sandbox;
    coordinator.desire({ prompts: [sandbox.prompt('@print at work\n@sleep 600000')] });
    const order = { mark: sandbox.mark, config: sandbox.attemptConfig(), again: false };
    launcher.assign(order);
    expect(await launcher.said(2)).toEqual(['ready', 'taken']);
    await expect(access(socket())).rejects.toThrow('ENOENT');
    launcher.assign(order);
    await launcher.said(3);
    expect(launcher.heard[2]).toEqual({ type: 'refused', reason: 'this runner has an attempt' });
    launcher.close();
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
  });

  it('R-32: told to wait again, it is ready when nothing of the attempt is left, and runs the next one', async () => {
    const launcher = await waiting();
    const { coordinator, mark } = sandbox;
    coordinator.desire({ prompts: [sandbox.prompt('@ignore TERM HUP\n@write one.txt 1\n@orphan 600000')] });
    launcher.assign({ mark, config: sandbox.attemptConfig(), again: true });
    await coordinator.until('orphan', () => coordinator.text.includes('orphan '));
    sandbox.stop();
    expect(await launcher.said(3)).toEqual(['ready', 'taken', 'ready']);
    expect(await sandbox.archived('one.txt')).toBe('1');
    expect((await sandbox.processes()).filter((pid) => pid !== runner.child.pid)).toEqual([]);

    // As a launcher does: what the first attempt left is out of the way, and the folder has another name.
    await rm(sandbox.worktree, { recursive: true });
    const folder = join(sandbox.root, 'run-2');
    await rename(sandbox.folder, folder);
    await mkdir(sandbox.folder);
    coordinator.begin();
    coordinator.desire({ stop: null, prompts: [sandbox.prompt('@write two.txt 2')] });
    launcher.assign({ mark: 'run-2', config: sandbox.attemptConfig({ folder }), again: true });
    await coordinator.until('written', () => coordinator.text.includes('wrote two.txt'));
    sandbox.stop();
    expect(await launcher.said(5)).toEqual(['ready', 'taken', 'ready', 'taken', 'ready']);
    expect(await sandbox.archived('two.txt')).toBe('2');
    launcher.close();
    expect(await (await connect(join(folder, 'hand-over.sock'))).said(1)).toEqual(['ready']);
  });
});
