import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ApiClient, instructionsMark } from '@roundhouse/contracts';
import { type TemporaryFolder, gitEnvironment, temporaryFolder } from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

const run = promisify(execFile);
let service: StartedCoordinator;
let folder: TemporaryFolder;
beforeAll(async () => {
  service = await startedCoordinator();
  folder = await temporaryFolder();
});
afterAll(async () => {
  await folder.remove();
  await service.stop();
});

const block = (taskId: string): string =>
  `<!-- ${instructionsMark(taskId)} begin -->\n<sub-task-mode>\nx\n</sub-task-mode>\n<!-- ${instructionsMark(taskId)} end -->\n`;

/** A clone of the hub that pushes as whoever has the token. */
async function cloneAs(token: string, gitUrl: string) {
  const path = join(folder.path, randomUUID());
  const env = {
    ...gitEnvironment(),
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: Bearer ${token}`,
  };
  await run('git', ['clone', '--quiet', gitUrl, path], { env });
  const git = async (...args: string[]): Promise<string> => (await run('git', args, { cwd: path, env })).stdout.trim();
  return {
    git,
    async commit(files: Record<string, string | Buffer>, message = 'work'): Promise<string> {
      for (const [name, content] of Object.entries(files)) {
        await mkdir(join(path, name, '..'), { recursive: true });
        await writeFile(join(path, name), content);
      }
      await git('add', '--all', '--force');
      await git('commit', '--quiet', '--allow-empty', '--message', message);
      return git('rev-parse', 'HEAD');
    },
    /** What git said where it was refused; null where it was taken. */
    push: (ref: string): Promise<string | null> =>
      git('push', '--force', 'origin', `HEAD:${ref}`).then(
        () => null,
        (error: { stderr: string }) => error.stderr,
      ),
  };
}

async function working() {
  const { client } = await service.newOwner();
  const { id, branch } = await client.call('createTask', { name: 'tells', prompt: 'x' });
  const runner = await PlayedRunner.start(service, id);
  return { id, client, runner, ref: `refs/heads/${branch}`, clone: await cloneAs(runner.token, runner.gitUrl) };
}

describe('the hub and the instructions of a sub-task', () => {
  it('IT-1: a push that holds them anywhere is refused with the path and the commit', async () => {
    const { id, runner, ref, clone } = await working();
    const base = await clone.git('rev-parse', 'HEAD');
    const long = 'x'.repeat(200_000);
    const moves: [string, Record<string, string | Buffer>][] = [
      ['AGENTS.md', { 'AGENTS.md': `# Rules\n\n${block(id)}` }],
      ['docs/copy of it.txt', { 'docs/copy of it.txt': `${long}\n${block(id)}${long}` }],
      ['win.md', { 'win.md': block(id).replaceAll('\n', '\r\n') }],
      ['blob.bin', { 'blob.bin': Buffer.concat([Buffer.from([0, 255, 0]), Buffer.from(block(id))]) }],
      ['half.md', { 'half.md': `<sub-task-mode>\n<!-- ${instructionsMark(id)} end -->` }],
    ];
    for (const [path, files] of moves) {
      await clone.git('reset', '--quiet', '--hard', base);
      const commit = await clone.commit(files);
      const said = await clone.push(ref);
      expect(said).toContain(`instructions_in_push: ${path} in commit ${commit}`);
    }
    // Also where a later commit has taken it out again, and in a message.
    await clone.git('reset', '--quiet', '--hard', base);
    const guilty = await clone.commit({ 'AGENTS.md': block(id) });
    await clone.commit({ 'AGENTS.md': 'clean\n' });
    expect(await clone.push(ref)).toContain(`instructions_in_push: AGENTS.md in commit ${guilty}`);
    await clone.git('reset', '--quiet', '--hard', base);
    await clone.commit({}, `about\n\n${block(id)}`);
    expect(await clone.push(ref)).toContain('instructions_in_push: a message in commit');
    await clone.git('reset', '--quiet', '--hard', base);
    await clone.commit({ 'AGENTS.md': 'clean\n' });
    expect(await clone.push(ref)).toBeNull();
    await runner.hangUp();
  });

  it('IT-2: what writes about the block, or has that of nobody, is no block', async () => {
    const { runner, ref, clone } = await working();
    await clone.commit({
      'README.md': 'It stands in `<sub-task-mode>`, after `roundhouse:sub-task:<task-id> begin`.\n',
      'fixture.md': block(randomUUID()),
      'big.bin': Buffer.alloc(3_000_000, 7),
    });
    expect(await clone.push(ref)).toBeNull();
    await runner.hangUp();
  });

  it('IT-3: an operator brings none of any task either', async () => {
    const { id, runner } = await working();
    const clone = await cloneAs(service.operatorToken, runner.gitUrl);
    const commit = await clone.commit({ 'CLAUDE.md': block(id) });
    expect(await clone.push('refs/heads/by-hand')).toContain(`instructions_in_push: CLAUDE.md in commit ${commit}`);
    await clone.git('reset', '--quiet', '--hard', 'HEAD~1');
    await clone.commit({ 'CLAUDE.md': 'ours\n' });
    expect(await clone.push('refs/heads/by-hand')).toBeNull();
    expect(await clone.git('push', 'origin', ':refs/heads/by-hand')).toBe('');
    await runner.hangUp();
  });

  it('IT-4: the sub-task is told which file of which commit, as an error of the table', async () => {
    const { id, runner, ref, clone } = await working();
    const commit = await clone.commit({ 'AGENTS.md': block(id) });
    const reason = (await clone.push(ref)) ?? '';
    const { subtaskToken: token, doneToken } = runner.assignment;
    const agent = new ApiClient({ baseUrl: service.url, token, doneToken });
    const signal = agent.call('signalDone', { id });
    const { publish } = await runner.desired('a wish to publish', (desired) => desired.publish !== null);
    await runner.report({ type: 'publish_failed', publishId: publish?.id ?? '', reason });
    await expect(signal).rejects.toMatchObject({
      code: 'instructions_in_commit',
      details: { path: 'AGENTS.md', commit },
    });
    await runner.hangUp();
  });

  it('IT-5: a push that cannot be looked through is refused to a task, and taken from an operator', async () => {
    const hook = fileURLToPath(new URL('../../hooks/pre-receive', import.meta.url));
    const bare = join(folder.path, 'bare.git');
    await run('git', ['init', '--quiet', '--bare', bare]);
    const receive = (unscanned: string) => {
      const env = {
        ...gitEnvironment(),
        GIT_DIR: bare,
        ROUNDHOUSE_BLOCK: instructionsMark(randomUUID()),
        ROUNDHOUSE_SCAN: `scanned-${randomUUID()}`,
        ROUNDHOUSE_UNSCANNED: unscanned,
      };
      const receiving = run('sh', [hook], { env });
      // No such commit: the first of the programs fails.
      receiving.child.stdin?.end(`${'0'.repeat(40)} ${'a'.repeat(40)} refs/heads/x\n`);
      return receiving;
    };
    await expect(receive('refuse')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('push_unscanned') as string,
    });
    await receive('take');
  });
});
