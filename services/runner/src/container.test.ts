import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AgentSpec } from '@roundhouse/contracts';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Bounds, Container, makeTree, whyNoContainers } from './testing/container.ts';
import { git } from './testing/git-http.ts';
import { TestLauncher } from './testing/launcher.ts';
import { unmount } from './testing/overlay.ts';
import { type AttemptConfig, Sandbox } from './testing/sandbox.ts';
import { describeUnless } from './testing/unless-missing.ts';

const run = promisify(execFile);
const MORTAL = fileURLToPath(new URL('../src/testing/mortal-program.mjs', import.meta.url));
const NODE = '/opt/roundhouse/bin/node';
const shell = (script: string): AgentSpec => ({
  kind: 'command',
  argv: ['/bin/sh', '-c', script],
  promptVia: 'paste',
});

describeUnless(await whyNoContainers(), 'a runner in a hardened container', () => {
  let tree: string;
  let sandbox: Sandbox;
  let container: Container;

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), 'rh-tree-'));
    await makeTree(tree);
  });
  afterAll(() => rm(tree, { recursive: true }));
  afterEach(async () => {
    await container.remove();
    await unmount(sandbox.folder);
    await sandbox.remove();
  });

  async function start(agent: AgentSpec, bounds: Bounds = {}, change: Partial<AttemptConfig> = {}): Promise<void> {
    sandbox = await Sandbox.make({ agent });
    container = await Container.start(sandbox, tree, Container.configOf(sandbox, change), bounds);
  }
  const says = (text: string) => (): boolean => sandbox.coordinator.text.includes(text);
  const ends = (type: 'limit_hit' | 'agent_exited') => (): boolean => sandbox.coordinator.event(type) !== undefined;

  it('R-34: a whole attempt without network, name, Node of its own or a writable root', async () => {
    const prompt = [
      '@write hello.txt hello',
      '@commit add hello',
      '@run git fetch origin',
      '@run env',
      '@write left.txt not committed',
      '@print all done',
    ].join('\n');
    sandbox = await Sandbox.make();
    const config = Container.configOf(sandbox, { proxyUrl: 'http://127.0.0.1:7402' });
    sandbox.coordinator.desire({ prompts: [sandbox.prompt(prompt)] });
    container = await Container.start(sandbox, tree, config);
    await sandbox.coordinator.until('done', says('all done'), 20_000);
    const { text } = sandbox.coordinator;
    for (const words of ['HOME=/sandbox/home', 'TMPDIR=/tmp', 'USER=agent', 'https_proxy=http://127.0.0.1:7402']) {
      expect(text).toContain(words);
    }
    const publish = { id: randomUUID() };
    sandbox.coordinator.desire({ publish });
    await sandbox.coordinator.until('published', () => sandbox.coordinator.event('published') !== undefined);
    expect(await git(sandbox.hub, 'log', '-1', '--format=%s %an', 'refs/heads/task/try-it-1')).toBe('add hello Ada');
    sandbox.stop();
    expect((await container.exited).code).toBe(0);
    expect(await sandbox.archived('left.txt')).toBe('not committed');
    expect(container.log).not.toContain('token-of-a-test');
  });

  it('R-35: an agent that is killed for want of memory ends its attempt as oom, and its work is archived', async () => {
    const eat = `${NODE} -e 'const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1))'`;
    await start(shell(`echo x > before.txt; ${eat}; exit 3`), { memoryMb: 256 });
    await sandbox.coordinator.until('limit', ends('limit_hit'), 25_000);
    expect(sandbox.coordinator.event('limit_hit')).toMatchObject({
      limit: 'oom',
      reason: expect.stringMatching(/ran out of memory: 1 of its processes .* ended with code 3/),
    });
    expect(sandbox.coordinator.all('agent_exited')).toEqual([]);
    sandbox.stop();
    expect((await container.exited).code).toBe(0);
    expect(await sandbox.archived('before.txt')).toBe('x');
  });

  it('R-35: an agent that got over the death of a process of its own ends as it ends', async () => {
    const eat = `${NODE} -e 'const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1))'`;
    await start(shell(`${eat}; exit 0`), { memoryMb: 256 });
    await sandbox.coordinator.until('exit', ends('agent_exited'), 25_000);
    expect(sandbox.coordinator.event('agent_exited')).toMatchObject({ code: 0 });
    sandbox.stop();
    expect((await container.exited).code).toBe(0);
  });

  it('R-35: a full disk ends it as disk within a beat, and all that is on it is archived', async () => {
    sandbox = await Sandbox.make({ agent: shell('echo mine > mine.txt; cat /dev/zero > fill; sync; sleep 600') });
    await run('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', sandbox.folder]);
    container = await Container.start(sandbox, tree, Container.configOf(sandbox));
    await sandbox.coordinator.until('limit', ends('limit_hit'), 25_000);
    const hit = sandbox.coordinator.event('limit_hit');
    expect(hit).toMatchObject({ limit: 'disk', reason: "the sandbox's disk is full: 0 of 32 MiB are free" });
    sandbox.stop();
    expect((await container.exited).code).toBe(0);
    expect(await sandbox.archived('mine.txt')).toBe('mine');
    expect(Number(await git(sandbox.hub, 'cat-file', '-s', `${sandbox.archiveRef}:fill`))).toBeGreaterThan(20_000_000);
    expect(sandbox.coordinator.all('limit_hit')).toHaveLength(1);
  });

  it('RX-16: an agent that dies is started again in its container, in the HOME that has its conversation', async () => {
    sandbox = await Sandbox.make();
    await copyFile(MORTAL, join(sandbox.folder, 'mortal.mjs'));
    const program = join(sandbox.folder, 'mortal');
    await writeFile(program, `#!/bin/sh\nexec ${NODE} /sandbox/mortal.mjs "$@"\n`);
    await chmod(program, 0o755);
    const agent = { kind: 'claude' as const, program: '/sandbox/mortal', dialogs: 'ask' as const };
    const assignment = { ...sandbox.assignment, agent: { ...agent, extraArgs: ['--lives=work,live'] } };
    const [first, second] = [sandbox.prompt('do it'), sandbox.prompt('go on', 2)];
    const { coordinator } = sandbox;
    coordinator.desire({ prompts: [first] });
    container = await Container.start(sandbox, tree, Container.configOf(sandbox, { assignment }));
    await coordinator.until('resumed', () => coordinator.event('agent_resumed') !== undefined, 30_000);
    expect(coordinator.event('agent_resumed')).toMatchObject({ signal: 'SIGKILL', anew: false });
    coordinator.desire({ prompts: [first, second] });
    await coordinator.until('told', () => coordinator.prompt(second.id).includes('accepted'), 30_000);
    const inHome = (name: string) => readFile(join(sandbox.folder, 'home', name), 'utf8');
    expect(await inHome('lives')).toBe('new\nresumed\n');
    // Each once: what it had taken before it died was not typed again.
    expect(await inHome('conversation')).toBe('do it\ngo on\n');
    sandbox.stop();
    expect((await container.exited).code).toBe(0);
  });

  const BOMB_MS = 90_000;
  it(
    'R-33: a fork bomb at the limit of processes is ended, and what it left is archived',
    async () => {
      const bomb = [
        '$SIG{TERM} = $SIG{HUP} = "IGNORE"; $| = 1; my $first = $$; select(undef, undef, undef, 0.3);',
        'while (1) { defined(fork) or $$ == $first && print("at the limit\\n") && sleep(1) }',
      ].join(' ');
      await start({ kind: 'command', argv: ['perl', '-e', bomb], promptVia: 'paste' }, { pids: 96 });
      await sandbox.coordinator.until(
        'started',
        () => sandbox.coordinator.event('agent_started') !== undefined,
        20_000,
      );
      await writeFile(join(sandbox.worktree, 'before.txt'), 'x');
      await sandbox.coordinator.until('at the limit', says('at the limit'), 20_000);
      sandbox.stop();
      expect((await container.exited).code).toBe(0);
      expect(await sandbox.archived('before.txt')).toBe('x');
      expect(container.log).not.toContain('could not be ended');
    },
    BOMB_MS,
  );

  it('R-32: one that was started ahead takes attempt after attempt, and leaves no temporary file between', async () => {
    const places = '/dev/mqueue /dev/shm /tmp';
    const leave = places.split(' ').map((place) => `mkdir ${place}/mine 2>/dev/null; touch ${place}/.mine`);
    sandbox = await Sandbox.make({
      agent: shell(
        `ls -A ${places}; echo listed; ${leave.join('; ')}; ln -s /tmp /tmp/loop; mkfifo /tmp/pipe; echo left; cat`,
      ),
    });
    container = await Container.start(sandbox, tree, null);
    const launcher = await TestLauncher.connect(join(sandbox.folder, 'hand-over.sock'));
    const order = { mark: sandbox.mark, config: Container.configOf(sandbox), again: true };
    for (const turn of [1, 2]) {
      expect((await launcher.said(2 * turn - 1)).at(-1)).toBe('ready');
      sandbox.coordinator.begin();
      sandbox.coordinator.desire({ stop: null });
      launcher.assign(order);
      await sandbox.coordinator.until('left', says('left\r\n'), 20_000);
      expect(sandbox.coordinator.text.replaceAll('\r', '')).toContain('/dev/mqueue:\n\n/dev/shm:\n\n/tmp:\nlisted');
      sandbox.stop();
      expect((await launcher.said(2 * turn + 1)).at(-1)).toBe('ready');
      await rm(sandbox.worktree, { recursive: true });
    }
    launcher.close();
  });

  const runner = '$PPID';
  it.each([
    ['something of System V', `perl -e 'shmget(4711, 64, 01600) // die'`, '/proc/sysvipc/shm lists something'],
    ['fewer open files for its runner', `prlimit --pid ${runner} --nofile=1000:1000`, 'settings of its runner'],
    ['its runner behind others', `renice -n 5 -p ${runner}`, 'settings of its runner'],
    [
      'a thread of its runner behind others',
      `renice -n 5 -p $(ls /proc/${runner}/task | tail -n 1)`,
      'settings of its runner',
    ],
    ['its init more exposed', 'echo 900 >/proc/1/oom_score_adj', 'settings of its runner'],
    ['what it cannot delete itself', 'mkdir -p /tmp/a/b; chmod 0 /tmp/a', 'EACCES'],
    ['an end at a limit', `${NODE} -e 'for (const all = [];;) all.push(Buffer.alloc(16 << 20, 1))'; exit 3`, 'limit'],
    [
      'a process killed for want of memory',
      `${NODE} -e 'for (const all = [];;) all.push(Buffer.alloc(16 << 20, 1))'; true`,
      'was killed for want of memory',
    ],
  ])('R-39: one that is left with %s is not used again, and says so', async (_, script, reason) => {
    sandbox = await Sandbox.make({
      agent: shell(`set -x; ${script}; echo left $?; ${reason === 'limit' ? '' : 'exec cat'}`),
    });
    container = await Container.start(sandbox, tree, null, { memoryMb: 256 });
    const launcher = await TestLauncher.connect(join(sandbox.folder, 'hand-over.sock'));
    await launcher.said(1);
    launcher.assign({ mark: sandbox.mark, config: Container.configOf(sandbox), again: true });
    await sandbox.coordinator.until('left', reason === 'limit' ? ends('limit_hit') : says('left 0\r\n'), 25_000);
    sandbox.stop();
    expect(await launcher.said(3)).toEqual(['ready', 'taken', 'spent']);
    expect(launcher.heard[2]).toMatchObject({ reason: expect.stringContaining(reason) });
    expect((await container.exited).code).toBe(0);
  });
});
