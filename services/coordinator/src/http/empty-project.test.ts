import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type ScratchRepository, gitEnvironment, scratchRepository } from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

const run = promisify(execFile);
let service: StartedCoordinator;
let repository: ScratchRepository;
beforeAll(async () => {
  service = await startedCoordinator();
  repository = await scratchRepository();
});
afterAll(async () => {
  await repository.remove();
  await service.stop();
});

const git = (args: string[], env: Record<string, string> = {}) =>
  run('git', args, { cwd: repository.path, env: { ...gitEnvironment(), ...env } });
const bearer = (token: string) => ({
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'http.extraHeader',
  GIT_CONFIG_VALUE_0: `Authorization: Bearer ${token}`,
});
/** As people do it: the token as the password. */
const withPassword = (url: string, token: string): string => url.replace('://', `://x:${token}@`);
const add = (name: string, more: object = {}) => service.operator.call('createProject', { name, ...more });

describe('a project that is pushed to', () => {
  it('GH-8: it is empty, takes an ordinary push, and tasks start from what was pushed', async () => {
    const project = await add('pushed');
    expect(project).toMatchObject({ name: 'pushed', source: null, defaultBranch: 'main' });
    const owner = await service.newOwner(project.id);
    const make = () => owner.client.call('createTask', { name: 'x', prompt: 'x' });
    await expect(make()).rejects.toMatchObject({
      code: 'branch_not_found',
      message: `the hub has no branch main yet: push it to ${project.gitUrl}`,
    });
    expect((await git(['ls-remote', withPassword(project.gitUrl, service.operatorToken)])).stdout).toBe('');
    // More than git sends in one piece: the exchange goes in chunks.
    await repository.write({ 'large.bin': randomBytes(4_000_000).toString('base64') });
    await git(['add', '.']);
    await git(['commit', '--quiet', '--message', 'something large']);
    await git(['push', '--quiet', withPassword(project.gitUrl, service.operatorToken), 'main']);
    const pushed = (await git(['rev-parse', 'HEAD'])).stdout.trim();
    const task = await make();
    const runner = await PlayedRunner.start(service, task.id);
    expect(runner.assignment).toMatchObject({ baseCommit: pushed, baseBranch: 'main' });
    await runner.hangUp();

    const clone = await scratchRepository();
    await git(['clone', '--quiet', project.gitUrl, `${clone.path}/clone`], bearer(service.operatorToken));
    const { stdout } = await run('git', ['-C', `${clone.path}/clone`, 'rev-parse', '--abbrev-ref', 'HEAD']);
    expect(stdout.trim()).toBe('main');
    await clone.remove();
  });

  it('GH-8: the operator’s token pushes any branch either way; a coordinator’s pushes none', async () => {
    const { gitUrl, id } = await add('any branch', { defaultBranch: 'trunk' });
    await git(['push', '--quiet', gitUrl, 'main:refs/heads/trunk', 'main:refs/heads/other/deep'], {
      ...bearer(service.operatorToken),
    });
    const { token } = await service.newOwner(id);
    const reads = await git(['ls-remote', '--symref', gitUrl], bearer(token));
    expect(reads.stdout).toContain('ref: refs/heads/trunk\tHEAD');
    for (const ref of ['refs/heads/trunk', 'refs/heads/new', 'refs/heads/task/x']) {
      await expect(git(['push', gitUrl, `main:${ref}`], bearer(token)), ref).rejects.toMatchObject({ code: 128 });
      await expect(git(['push', withPassword(gitUrl, token), `main:${ref}`]), ref).rejects.toMatchObject({ code: 128 });
    }
    expect((await git(['ls-remote', gitUrl, 'refs/heads/new'], bearer(service.operatorToken))).stdout).toBe('');
  });

  it('GH-9: the same name is the same project, also at once and whatever else is asked for; without one it is refused', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => add('same', { image: 'debian:12' })));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(await add('same', { defaultBranch: 'other' })).toEqual(made[0]);
    expect((await add('another')).id).not.toBe(made[0]?.id);
    const { projects } = await service.operator.call('listProjects', {});
    expect(projects.filter(({ name }) => name === 'same')).toHaveLength(1);
    await expect(service.operator.call('createProject', {})).rejects.toMatchObject({
      code: 'validation_failed',
      details: { issues: [{ path: '/name' }] },
    });
  });
});
