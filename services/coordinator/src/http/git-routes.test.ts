import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
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

const withToken = (token: string) => ({
  ...gitEnvironment(),
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'http.extraHeader',
  GIT_CONFIG_VALUE_0: `Authorization: Bearer ${token}`,
});

describe('the hub over HTTP', () => {
  it('GH-1: a runner writes its one ref and no other; a sub-task and a stranger write none', async () => {
    const owner = await service.newOwner();
    const [task, other] = [
      await owner.client.call('createTask', { name: 'one', prompt: 'x' }),
      await owner.client.call('createTask', { name: 'other', prompt: 'x' }),
    ];
    const runner = await PlayedRunner.start(service, task.id);
    const commit = await runner.push('a.txt', 'x');
    const env = withToken(runner.token);
    const refused = [
      'refs/heads/main',
      `refs/heads/${other.branch}`,
      'refs/heads/task/new',
      `refs/heads/${task.branch}/below`,
      `refs/archive/${task.id}/1`,
      'refs/tags/v1',
      'refs/notes/commits',
      'refs/heads/new',
      'refs/replace/x',
    ];
    const scratch = `${folder.path}/runner`;
    await run('git', ['clone', '--quiet', runner.gitUrl, scratch], { env });
    await run('git', ['fetch', '--quiet', 'origin', `refs/heads/${task.branch}`], { cwd: scratch, env });
    for (const ref of refused) {
      const push = run('git', ['push', '--force', 'origin', `${commit}:${ref}`], { cwd: scratch, env });
      await expect(push, ref).rejects.toMatchObject({ code: 1 });
    }
    await expect(
      run('git', ['push', 'origin', `:refs/heads/${task.branch}`], { cwd: scratch, env }),
    ).rejects.toMatchObject({ code: 1 });
    // What a runner sees is the base and its own branch, not what others do.
    const { stdout } = await run('git', ['ls-remote', 'origin'], { cwd: scratch, env });
    expect(stdout).toContain(task.branch);
    expect(stdout).not.toContain('refs/archive');
    const asAgent = withToken(runner.assignment.subtaskToken);
    await run('git', ['fetch', '--quiet', 'origin'], { cwd: scratch, env: asAgent });
    await expect(
      run('git', ['push', 'origin', `${commit}:refs/heads/${task.branch}`], { cwd: scratch, env: asAgent }),
    ).rejects.toBeDefined();
    await expect(run('git', ['ls-remote', runner.gitUrl], { env: withToken('nonsense') })).rejects.toBeDefined();
    const anonymous = await fetch(`${runner.gitUrl}/info/refs?service=git-upload-pack`);
    expect([anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="roundhouse"']);
    await runner.hangUp();
  });

  it('GH-2: an operator clones, commits and pushes with an ordinary git', async () => {
    const { projects } = await service.operator.call('listProjects', {});
    const url = projects[0]?.gitUrl ?? '';
    const env = withToken(service.operatorToken);
    const scratch = `${folder.path}/operator`;
    await run('git', ['clone', '--quiet', url, scratch], { env });
    await run('git', ['commit', '--quiet', '--allow-empty', '--message', 'by the operator'], { cwd: scratch, env });
    await run('git', ['push', '--quiet', 'origin', 'HEAD:refs/heads/feature'], { cwd: scratch, env });
    const { stdout } = await run('git', ['ls-remote', url, 'refs/heads/feature'], { env });
    expect(stdout).toContain('refs/heads/feature');
    // As people do it: the token as the password.
    const { host } = new URL(url);
    const basic = url.replace(host, `x:${service.operatorToken}@${host}`);
    await run('git', ['ls-remote', basic], { env: gitEnvironment() });
  });
});
