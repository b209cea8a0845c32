import { ApiClient, LEASE, type Role } from '@roundhouse/contracts';
import { PlayedRunner } from './played-runner.ts';
import type { Owner, StartedCoordinator } from './started-coordinator.ts';

/** One token of every role: the coordinator Alice's with all that is hers, and Bob's things, who is a stranger to them. */
export interface Cast {
  readonly alice: Owner;
  readonly bob: Owner;
  readonly tokens: Readonly<Record<Role, string>>;
  /** What is each one's own: the runner's and the agent's task. */
  readonly task: string;
  readonly bobsTask: string;
  readonly bobsProject: string;
  readonly runner: PlayedRunner;
  end(): Promise<void>;
}

export async function pairedToken(service: StartedCoordinator, owner: Owner): Promise<string> {
  const { token: mobile } = await service.operator.call('createToken', { role: 'mobile' });
  const { pin } = await owner.client.call('createPairing', { id: owner.id });
  const phone = new ApiClient({ baseUrl: service.url, token: mobile });
  return (await phone.call('pair', { pin, coordinatorId: owner.id })).token;
}

export async function castOf(service: StartedCoordinator): Promise<Cast> {
  const bobsProject = (await service.operator.call('createProject', { name: 'bob’s' })).id;
  const alice = await service.newOwner();
  const bob = await service.newOwner(bobsProject);
  const { id: task } = await alice.client.call('createTask', { name: 'alice’s', prompt: 'x' });
  // Bob's own project is empty; an operator may give him work in another one.
  const forBob = new ApiClient({ baseUrl: service.url, token: service.operatorToken, coordinatorId: bob.id });
  const bobsTask = await forBob.call('createTask', { name: 'bob’s', prompt: 'x', projectId: service.projectId });
  const runner = await PlayedRunner.start(service, task);
  const { token: mobile } = await service.operator.call('createToken', { role: 'mobile' });
  const tokens = {
    operator: service.operatorToken,
    launcher: service.launcherToken,
    coordinator: alice.token,
    paired: await pairedToken(service, alice),
    mobile,
    subtask: runner.assignment.subtaskToken,
    runner: runner.token,
  };
  // As a runner does: on a loaded machine a walk lasts longer than a lease.
  const beating = setInterval(() => runner.send({ type: 'heartbeat' }), LEASE.renewMs);
  const end = async (): Promise<void> => {
    clearInterval(beating);
    await runner.hangUp();
  };
  return { alice, bob, tokens, task, bobsTask: bobsTask.id, bobsProject, runner, end };
}
