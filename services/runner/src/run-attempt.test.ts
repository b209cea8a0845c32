import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { within } from '@roundhouse/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { git } from './testing/git-http.ts';
import { type Runner, Sandbox } from './testing/sandbox.ts';

let sandbox: Sandbox;
afterEach(async () => {
  await sandbox.remove();
});

describe('an attempt', () => {
  it('R-3: makes the worktree, runs the agent, delivers the prompt, publishes, archives on stop and exits 0', async () => {
    sandbox = await Sandbox.make();
    const { coordinator } = sandbox;
    const prompt = sandbox.prompt(
      'Please do it.\n@write hello.txt hello world\n@commit add hello\n@write notes.txt not committed\n',
    );
    coordinator.desire({ prompts: [prompt] });
    const runner = await sandbox.start();
    await coordinator.until('accepted', () => coordinator.prompt(prompt.id).includes('accepted'));
    await coordinator.until(
      'idle again',
      () =>
        coordinator.all('activity').at(-1)?.activity.state === 'idle' && coordinator.text.includes('wrote notes.txt'),
    );
    expect(coordinator.prompt(prompt.id)).toEqual(['written', 'accepted']);
    await expect(access(join(sandbox.folder, 'config.json'))).rejects.toThrow('ENOENT');

    const publish = { id: randomUUID() };
    coordinator.desire({ publish });
    await coordinator.until('published', () => coordinator.event('published') !== undefined);
    const published = coordinator.event('published');
    expect(published).toMatchObject({ publishId: publish.id, dirty: [], untracked: ['notes.txt'] });
    expect(await git(sandbox.hub, 'rev-parse', 'refs/heads/task/try-it-1')).toBe(published?.commit);
    expect(await git(sandbox.hub, 'show', '--format=%an <%ae>', '--name-only', 'refs/heads/task/try-it-1')).toBe(
      'Ada <ada@example.org>\n\nhello.txt',
    );

    sandbox.stop();
    expect(await runner.exited).toEqual({ code: 0, signal: null });
    expect(await sandbox.archived('hello.txt')).toBe('hello world');
    expect(await sandbox.archived('notes.txt')).toBe('not committed');
    expect(coordinator.all('agent_exited')).toHaveLength(1);
    expect(await sandbox.processes()).toEqual([]);
    expect(runner.log).not.toContain('token-of-a-test');
    expect(runner.log).not.toContain('Please do it');
  });
});

it('RA-20: what the operator means for agents reaches the agent, and stands in no file that stays', async () => {
  const argv = ['sh', '-c', 'echo "key $A_MODEL_KEY"; cat'];
  sandbox = await Sandbox.make({ agent: { kind: 'command', argv, promptVia: 'file' } });
  const { coordinator } = sandbox;
  coordinator.desire({ prompts: [sandbox.prompt('x')] });
  await sandbox.start(sandbox.attemptConfig({ agentEnvironment: { A_MODEL_KEY: 'of-the-provider' } }));
  await coordinator.until('the key', () => coordinator.text.includes('key of-the-provider'));
  const found = await promisify(execFile)('grep', ['-rl', 'of-the-provider', sandbox.folder]).catch(
    (error: { code: number; stdout: string }) => error,
  );
  expect(found).toMatchObject({ code: 1, stdout: '' });
});

it('R-38: the worktree is made before the welcome, the agent is not started', async () => {
  sandbox = await Sandbox.make();
  const { coordinator } = sandbox;
  coordinator.answering = false;
  const runner = await sandbox.start();
  await coordinator.until('a link', () => coordinator.connections === 1);
  await within(20_000, 'the worktree', runner.logged('worktree made'));
  coordinator.answering = true;
  expect(coordinator.events).toEqual([]);
  expect(await sandbox.processes()).toEqual([runner.child.pid]);
  coordinator.drop();
  await coordinator.until('started', () => coordinator.event('agent_started') !== undefined);
  sandbox.stop();
  expect((await runner.exited).code).toBe(0);
});

const coordinatorSays = (text: string): boolean => sandbox.coordinator.text.includes(text);
const activity = (): string | undefined => sandbox.coordinator.event('activity')?.activity.state;

/** Starts the scripted agent with a prompt and waits until it has taken it. */
async function startWith(text: string): Promise<Runner> {
  sandbox = await Sandbox.make();
  const prompt = sandbox.prompt(text);
  sandbox.coordinator.desire({ prompts: [prompt] });
  const runner = await sandbox.start();
  await sandbox.coordinator.until('accepted', () => sandbox.coordinator.prompt(prompt.id).includes('accepted'));
  return runner;
}

describe('prompts', () => {
  it('R-12: 64 KiB with newlines, tabs, carriage returns and emoji arrive byte for byte', async () => {
    const head = '@save-prompt saved.txt\n@prompt-sha\n';
    const line = 'tab\there, "quotes", emoji 👩‍🚀, umlaut ü, a lone \r and $(not run)\n';
    let text = head;
    while (Buffer.byteLength(text) + Buffer.byteLength(line) <= 65_536) text += line;
    text += 'x'.repeat(65_536 - Buffer.byteLength(text));
    await startWith(text);
    const sha = createHash('sha256').update(text).digest('hex');
    await sandbox.coordinator.until('sha', () => coordinatorSays(`sha256 ${sha} bytes 65536`));
    expect(await readFile(join(sandbox.worktree, 'saved.txt'), 'utf8')).toBe(text);
  });

  it('R-8: a lost Enter is pressed again within about a second; lost twice, the prompt is undelivered with the screen', async () => {
    await startWith('@swallow-enter 1');
    const { coordinator } = sandbox;
    await coordinator.until('idle', () => activity() === 'idle');
    const second = sandbox.prompt('@print second\n@swallow-enter 2', 2);
    coordinator.desire({ prompts: [second] });
    await coordinator.until('second accepted', () => coordinator.prompt(second.id).includes('accepted'));
    expect(coordinator.prompt(second.id)).toEqual(['written', 'accepted']);

    const third = sandbox.prompt('@print third', 3);
    coordinator.desire({ prompts: [third] });
    await coordinator.until('third undelivered', () => coordinator.prompt(third.id).includes('undelivered'));
    expect(coordinator.prompt(third.id)).toEqual(['written', 'undelivered']);
    expect(coordinator.all('prompt').at(-1)?.screen).toContain('second');
  });

  it('R-9: a question is reported with its options; the next prompt is the answer', async () => {
    await startWith('@ask Which colour? | red | dark blue\n@print asked');
    const { coordinator } = sandbox;
    await coordinator.until('waiting', () => activity() === 'waiting_input');
    const question = coordinator.event('activity')?.activity.question;
    expect(question).toEqual({ kind: 'question', text: 'Which colour?', options: ['red', 'dark blue'] });
    const answer = sandbox.prompt('dark blue', 2);
    coordinator.desire({ prompts: [answer] });
    await coordinator.until('answered', () => coordinatorSays('answer: dark blue') && coordinatorSays('asked'));
    await coordinator.until('accepted', () => coordinator.prompt(answer.id).length === 2);
    expect(coordinator.prompt(answer.id)).toEqual(['written', 'accepted']);
  });

  it('R-13: a command gets its first prompt by file, byte for byte; it is accepted by the start', async () => {
    sandbox = await Sandbox.make({
      agent: {
        kind: 'command',
        argv: ['/bin/sh', '-c', 'sha256sum < "$ROUNDHOUSE_PROMPT_FILE"; cat'],
        promptVia: 'file',
      },
    });
    const { coordinator } = sandbox;
    const first = sandbox.prompt('do\tit 👍\n');
    coordinator.desire({ prompts: [first] });
    await sandbox.start();
    await coordinator.until('sha', () => coordinatorSays(createHash('sha256').update(first.text).digest('hex')));
    expect(coordinator.prompt(first.id)).toEqual(['written', 'accepted']);
    const second = sandbox.prompt('and a second line', 2);
    coordinator.desire({ prompts: [first, second] });
    await coordinator.until('second accepted', () => coordinator.prompt(second.id).includes('accepted'));
    expect(coordinator.prompt(first.id)).toHaveLength(2);
  });

  it('R-13: a command gets its first prompt as its last argument, or pasted', async () => {
    sandbox = await Sandbox.make({ agent: { kind: 'command', argv: ['printf', '[%s]'], promptVia: 'argument' } });
    sandbox.coordinator.desire({ prompts: [sandbox.prompt('$(no shell) "here"')] });
    await sandbox.start();
    await sandbox.coordinator.until('exit', () => sandbox.coordinator.event('agent_exited') !== undefined);
    expect(sandbox.coordinator.text).toBe('[$(no shell) "here"]');
    await sandbox.remove();

    sandbox = await Sandbox.make({
      agent: {
        kind: 'command',
        argv: ['/bin/sh', '-c', 'echo ready; read line; echo "got $line"'],
        promptVia: 'paste',
      },
    });
    const pasted = sandbox.prompt('a pasted line');
    sandbox.coordinator.desire({ prompts: [pasted] });
    await sandbox.start();
    await sandbox.coordinator.until(
      'got it',
      () => coordinatorSays('got a pasted line') && sandbox.coordinator.prompt(pasted.id).includes('accepted'),
    );
  });
});

describe('the end of an attempt', () => {
  it('R-14: a program that is not there fails the attempt with words, and stop still ends it with 0', async () => {
    sandbox = await Sandbox.make({ agent: { kind: 'command', argv: ['no-such-program-here'], promptVia: 'file' } });
    sandbox.coordinator.desire({ prompts: [sandbox.prompt('x')] });
    const runner = await sandbox.start();
    await sandbox.coordinator.until('failed', () => sandbox.coordinator.event('attempt_failed') !== undefined);
    expect(sandbox.coordinator.event('attempt_failed')?.reason).toBe(
      'there is no program "no-such-program-here" on the PATH',
    );
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
  });

  it('R-14: a base commit that the hub does not have fails the attempt with git’s words', async () => {
    sandbox = await Sandbox.make();
    const assignment = { ...sandbox.assignment, baseCommit: 'f'.repeat(40) };
    await sandbox.start(sandbox.attemptConfig({ assignment }));
    await sandbox.coordinator.until('failed', () => sandbox.coordinator.event('attempt_failed') !== undefined);
    expect(sandbox.coordinator.event('attempt_failed')?.reason).toContain('nonexistent object');
  });

  it('R-15: an agent’s own exit is reported once with its code, after all of its output; then stop archives', async () => {
    const runner = await startWith('@flood 300000\n@print last words\n@exit 7');
    await sandbox.coordinator.until('exit', () => sandbox.coordinator.event('agent_exited') !== undefined);
    await sandbox.coordinator.until('last words', () => coordinatorSays('last words'));
    expect(sandbox.coordinator.all('agent_exited')).toEqual([{ type: 'agent_exited', code: 7, signal: null }]);
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
    expect(sandbox.coordinator.all('agent_exited')).toHaveLength(1);
  });

  it('R-16: stop ends an agent that ignores signals and its orphan, then archives what they wrote', async () => {
    const runner = await startWith('@ignore TERM HUP INT\n@orphan 600000\n@write a.txt unsaved\n@sleep 600000');
    await sandbox.coordinator.until('written', () => coordinatorSays('wrote a.txt'));
    expect((await sandbox.processes()).length).toBeGreaterThanOrEqual(3);
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
    expect(await sandbox.processes()).toEqual([]);
    expect(await sandbox.archived('a.txt')).toBe('unsaved');
    expect(sandbox.coordinator.event('agent_exited')).toMatchObject({ signal: 'SIGKILL' });
  });

  it('R-17: SIGTERM ends the tree; with the coordinator’s stop it archives, without it exits 4', async () => {
    const runner = await startWith('@write a.txt one\n@sleep 600000');
    await sandbox.coordinator.until('written', () => coordinatorSays('wrote a.txt'));
    runner.child.kill('SIGTERM');
    await sandbox.coordinator.until('exit', () => sandbox.coordinator.event('agent_exited') !== undefined);
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
    expect(await sandbox.archived('a.txt')).toBe('one');
    await sandbox.remove();

    const other = await startWith('@sleep 600000');
    other.child.kill('SIGTERM');
    expect((await other.exited).code).toBe(4);
    expect(await sandbox.processes()).toEqual([]);
  });

  it('R-18: what a killed runner left is saved by a runner in archive mode, which ends the orphaned agent first', async () => {
    const runner = await startWith('@write a.txt left behind\n@ignore HUP TERM\n@sleep 600000');
    await sandbox.coordinator.until('written', () => coordinatorSays('wrote a.txt') && coordinatorSays('ignoring'));
    runner.child.kill('SIGKILL');
    await runner.exited;
    const archiver = await sandbox.start(sandbox.archiveConfig());
    expect((await archiver.exited).code).toBe(0);
    expect(await sandbox.archived('a.txt')).toBe('left behind');
    expect(await sandbox.processes()).toEqual([]);
    // A second time: the same answer.
    expect((await (await sandbox.start(sandbox.archiveConfig())).exited).code).toBe(0);
  });

  it('R-18: archive mode has nothing to do where no worktree was made, and says 5 where the hub refuses', async () => {
    sandbox = await Sandbox.make();
    expect((await (await sandbox.start(sandbox.archiveConfig())).exited).code).toBe(0);
    await git(sandbox.root, 'clone', sandbox.hub, sandbox.worktree);
    sandbox.coordinator.tokens.delete(sandbox.archiveToken);
    const refused = await sandbox.start(sandbox.archiveConfig());
    expect((await refused.exited).code).toBe(5);
    expect(refused.log).not.toContain(sandbox.archiveToken);
  });

  it('R-19: a stop before the agent has started ends it with 0', async () => {
    sandbox = await Sandbox.make({ agent: { kind: 'command', argv: ['cat'], promptVia: 'file' } });
    const runner = await sandbox.start();
    await sandbox.coordinator.until('connected', () => sandbox.coordinator.connections > 0);
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
  });
});

describe('fencing', () => {
  it('R-20: the close code of a newer attempt ends the tree at once, with 3, and nothing is pushed', async () => {
    const runner = await startWith('@orphan 600000\n@sleep 600000');
    await sandbox.coordinator.until('orphan', () => coordinatorSays('orphan '));
    sandbox.coordinator.drop(4001);
    expect((await runner.exited).code).toBe(3);
    expect(await sandbox.processes()).toEqual([]);
    expect(sandbox.coordinator.pushes).toEqual([]);
  });

  it('R-20: a token that is no longer good on reconnect is the same', async () => {
    const runner = await startWith('@sleep 600000');
    sandbox.coordinator.tokens.delete(sandbox.runnerToken);
    sandbox.coordinator.drop();
    expect((await runner.exited).code).toBe(3);
    expect(await sandbox.processes()).toEqual([]);
  });

  it('R-21: a runner that could not renew its lease ends its agent itself', async () => {
    const runner = await startWith('@sleep 600000');
    sandbox.coordinator.answering = false;
    const begun = performance.now();
    expect((await runner.exited).code).toBe(3);
    expect(performance.now() - begun).toBeLessThan(18_000);
    expect(await sandbox.processes()).toEqual([]);
  });

  it('R-22: a cut link loses and repeats nothing, neither events nor output nor prompts', async () => {
    const runner = await startWith('@print one\n@wait-file go 20000\n@flood 400000\n@print two');
    const { coordinator } = sandbox;
    await coordinator.until('one', () => coordinatorSays('one'));
    coordinator.drop();
    await writeFile(join(sandbox.worktree, 'go'), '');
    await coordinator.until('two', () => coordinatorSays('two') && activity() === 'idle');
    coordinator.drop();
    await coordinator.until('back', () => coordinator.connections >= 3);
    expect(coordinator.skipped).toBe(0);
    expect(coordinator.text.split('> prompt, ').length - 1).toBe(1);
    expect(coordinator.text.match(/\./g)?.length).toBe(Math.ceil((400_000 * 78) / 79));
    expect(coordinator.all('agent_started')).toHaveLength(1);
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
  });
});

describe('publishing', () => {
  async function publish(): Promise<void> {
    const { coordinator } = sandbox;
    const id = randomUUID();
    coordinator.desire({ publish: { id } });
    const answered = (): boolean =>
      coordinator.all('published').some((event) => event.publishId === id) ||
      coordinator.all('publish_failed').some((event) => event.publishId === id);
    await coordinator.until('publish answered', answered);
  }

  it('R-23: uncommitted changes to tracked files are named and nothing is pushed', async () => {
    await startWith('@append README.md more\n@write new.txt n');
    await sandbox.coordinator.until('idle', () => activity() === 'idle');
    await publish();
    expect(sandbox.coordinator.event('published')).toMatchObject({
      dirty: ['README.md'],
      untracked: ['new.txt'],
      commit: sandbox.baseCommit,
    });
    expect(sandbox.coordinator.pushes).toEqual([]);
  });

  it('R-23: once an id, whatever HEAD is on, whatever lock file lies about', async () => {
    await startWith(
      '@run git checkout -b elsewhere\n@write x.txt x\n@commit on another branch\n@write .git/index.lock stale',
    );
    await sandbox.coordinator.until('idle', () => activity() === 'idle');
    const commit = await git(sandbox.worktree, 'rev-parse', 'HEAD');
    await publish();
    expect(sandbox.coordinator.event('published')).toMatchObject({ dirty: [], commit });
    expect(await git(sandbox.hub, 'rev-parse', 'refs/heads/task/try-it-1')).toBe(commit);
    sandbox.coordinator.drop();
    await sandbox.coordinator.until('back', () => sandbox.coordinator.connections >= 2);
    sandbox.coordinator.desire({});
    await publish();
    expect(sandbox.coordinator.all('published')).toHaveLength(2);
  });

  it('R-23: a refusal of the hub is reported in git’s words, without the token', async () => {
    const runner = await startWith('@write x.txt x\n@commit c');
    await sandbox.coordinator.until('idle', () => activity() === 'idle');
    await git(sandbox.hub, 'config', 'receive.denyCurrentBranch', 'refuse');
    await rm(join(sandbox.hub, 'objects'), { recursive: true });
    await publish();
    const failed = sandbox.coordinator.event('publish_failed');
    expect(failed?.reason).toBeTruthy();
    expect(JSON.stringify(failed) + runner.log).not.toContain(sandbox.runnerToken);
  });
});
