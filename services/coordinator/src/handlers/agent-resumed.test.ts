import { afterAll, beforeAll, expect, it } from 'vitest';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
beforeAll(async () => {
  service = await startedCoordinator();
});
afterAll(() => service.stop());

it('RX-6: that an agent died and goes on is an event and on the record, and asks for a look until it is told something', async () => {
  const { client } = await service.newOwner();
  const { id } = await client.call('createTask', { name: 'dies', prompt: 'do it' });
  const runner = await PlayedRunner.start(service, id);
  await runner.acceptPrompts();
  const at = new Date().toISOString();
  await runner.report({ type: 'activity', activity: { state: 'busy', evidence: 'status', question: null, at } });
  const died = { code: null, signal: 'SIGKILL', anew: false } as const;
  await runner.report({ type: 'agent_resumed', pid: 7, ...died });
  expect(await client.call('getTask', { id })).toMatchObject({
    lifecycle: { state: 'running' },
    attempt: 1,
    activity: { state: 'booting' },
    resumes: [{ attempt: 1, ...died }],
    attention: 'its agent died and was started again: a prompt tells it to go on',
  });
  const { events } = await client.call('waitForEvents', { kinds: ['resumed'], from: 'oldest', timeoutMs: 20_000 });
  expect(events).toMatchObject([{ taskId: id, kinds: ['resumed', 'activity'] }]);
  await client.call('promptTask', { id, prompt: 'go on' });
  expect((await client.call('getTask', { id })).attention).toBeNull();
  await runner.acceptPrompts();
  expect((await client.call('getTask', { id })).attention).toBeNull();
  await runner.hangUp();
});
