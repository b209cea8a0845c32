import { ApiClient, type CallName, OPERATIONS, type Operation, type OperationName } from '@roundhouse/contracts';
import { EXAMPLES, SAMPLE } from '@roundhouse/contracts/examples/index';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../testing/eventually.ts';
import { EventSource } from '../testing/event-source.ts';
import { PlayedRunner } from '../testing/played-runner.ts';
import { shapeFaults } from '../testing/same-shape.ts';
import { type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
beforeAll(async () => {
  service = await startedCoordinator();
});
afterAll(() => service.stop());

/** What stands in the place of the examples' ids, commits and paths now. */
const real = new Map<string, string>();
const run = new Set<OperationName>();

function withReal<T>(value: T): T {
  let text = JSON.stringify(value);
  for (const [sample, actual] of real) text = text.replaceAll(sample, actual);
  return JSON.parse(text) as T;
}

/** Runs the example of an operation, and holds the answer against the example's. */
async function perform(client: ApiClient, name: CallName): Promise<Record<string, unknown>> {
  const example = EXAMPLES[name];
  if (example === undefined) throw new Error(`${name} has no example`);
  run.add(name);
  const answer: unknown = await client.call(name, withReal(example.request));
  expect([name, shapeFaults(example.answer, answer)]).toEqual([name, []]);
  return answer as Record<string, unknown>;
}

describe('the examples of the contract', () => {
  it('AC-19: each runs against a real service and is answered as it says', async () => {
    const { operator, launcher } = service;
    real.set(SAMPLE.path, service.repository.path);
    real.set(SAMPLE.projectId, String((await perform(operator, 'createProject'))['id']));
    const owner = await perform(operator, 'createCoordinator');
    const coordinatorId = (owner['coordinator'] as { id: string }).id;
    real.set(SAMPLE.coordinatorId, coordinatorId);
    const client = new ApiClient({ baseUrl: service.url, token: String(owner['token']), coordinatorId });
    const made = await perform(operator, 'createToken');
    real.set(SAMPLE.tokenId, (made['info'] as { id: string }).id);
    for (const name of ['listProjects', 'listCoordinators', 'getHealth'] as const) await perform(operator, name);
    await perform(client, 'whoami');
    await perform(operator, 'listTokens');
    await perform(operator, 'rotateToken');
    real.set(SAMPLE.tokenId, ((await perform(operator, 'createToken'))['info'] as { id: string }).id);
    await perform(operator, 'revokeToken');
    real.set(SAMPLE.pin, String((await perform(operator, 'createPairing'))['pin']));
    const phone = (await operator.call('createToken', { role: 'mobile', label: 'a phone' })).token;
    await perform(new ApiClient({ baseUrl: service.url, token: phone }), 'pair');
    await perform(launcher, 'reportLauncher');
    await perform(operator, 'listLaunchers');

    const taskId = String((await perform(client, 'createTask'))['id']);
    real.set(SAMPLE.taskId, taskId);
    for (const name of ['listTasks', 'getTask'] as const) await perform(client, name);
    const dependsOn = [{ taskId }];
    const later = await client.call('createTask', { name: 'later', prompt: 'x', dependsOn });
    real.set(SAMPLE.laterTaskId, later.id);
    for (const name of ['setDependencies', 'getCoordinator', 'pauseCoordinator', 'resumeCoordinator'] as const)
      await perform(client, name);
    for (const name of ['listBreakers', 'setBreaker', 'updateCoordinator'] as const) await perform(operator, name);
    await perform(operator, 'listAgents');
    const source = (
      await EventSource.open(`${service.url}/api/events?from=oldest&kinds=created`, {
        authorization: `Bearer ${String(owner['token'])}`,
        'x-coordinator-id': coordinatorId,
      })
    ).read();
    await source.until('an event', () => source.events.length > 0);
    source.close();
    expect(shapeFaults(EXAMPLES.streamEvents?.answer, source.events[0])).toEqual([]);
    run.add('streamEvents');
    await perform(client, 'promptTask');

    await perform(launcher, 'claimAttempt');
    const runner = await PlayedRunner.start(service, taskId);
    await perform(launcher, 'reconcileAttempts');
    await runner.acceptPrompts();
    runner.send({ type: 'output', offset: 0, data: Buffer.from('12 tests passed\n').toString('base64'), skipped: 0 });
    const activity = { state: 'idle', evidence: 'status', question: null, at: new Date().toISOString() } as const;
    await runner.report({ type: 'activity', activity });
    await perform(client, 'readOutput');
    const { subtaskToken: token, doneToken } = runner.assignment;
    const agent = new ApiClient({ baseUrl: service.url, token, doneToken });
    const commit = await runner.push('src/parser.js', 'export const parse = (text) => text;\n');
    real.set(SAMPLE.commit, commit);
    const done = perform(agent, 'signalDone');
    await runner.publish(commit);
    await done;
    await perform(client, 'getNotifications');
    const hosting = new ApiClient({ baseUrl: service.url, token: service.operatorToken, coordinatorId });
    await perform(hosting, 'runCoordinator');
    for (const name of ['acknowledgeNotifications', 'dropNotifications', 'configureNotifications'] as const)
      await perform(client, name);
    await perform(client, 'readResult');
    await waitFor('an admission', async () => {
      const { admission } = await client.call('getTask', { id: later.id });
      return admission.state === 'admitted';
    });
    const builder = await PlayedRunner.start(service, later.id);
    await perform(new ApiClient({ baseUrl: service.url, token: builder.assignment.subtaskToken }), 'getInputs');
    await builder.hangUp();
    for (const name of ['waitForEvents', 'waitSignal', 'waitForIdle'] as const) await perform(client, name);
    for (const name of ['readWait', 'cancelWait'] as const) {
      real.set(SAMPLE.waitId, String((await perform(client, 'keepWait'))['id']));
      await perform(client, name);
    }
    for (const name of ['readDiff', 'reviewMerge', 'mergeTask'] as const) await perform(client, name);
    const archive = await perform(launcher, 'archiveAttempt');
    await runner.push('left.txt', 'left\n', String(archive['ref']), String(archive['token']));
    const closing = perform(client, 'closeTask');
    await runner.desired('a stop', ({ stop }) => stop !== null);
    await runner.report({ type: 'agent_exited', code: null, signal: 'SIGHUP' });
    await runner.hangUp();
    await perform(launcher, 'reportGone');
    await closing;

    const second = await client.call('createTask', { name: 'another', prompt: 'x' });
    real.set(SAMPLE.taskId, second.id);
    const other = await PlayedRunner.start(service, second.id);
    await other.acceptPrompts();
    await other.report({ type: 'activity', activity });
    const theirs = new ApiClient({
      baseUrl: service.url,
      token: other.assignment.subtaskToken,
      doneToken: other.assignment.doneToken,
    });
    const landing = perform(theirs, 'landSelf');
    await other.publish(await other.push('src/other.js', 'export {};\n'));
    await landing;
    const question = {
      kind: 'permission',
      text: 'May I?',
      options: ['Yes', 'No'],
      id: 'dialog-1',
      selected: 0,
    } as const;
    await other.report({
      type: 'activity',
      activity: { ...activity, state: 'waiting_input', question: { ...question, options: ['Yes', 'No'] } },
    });
    const answering = perform(client, 'answerDialog');
    const { answer } = await other.desired('an answer', (desired) => desired.answer !== undefined);
    const { id: answerId = '', dialogId = '', option = 0 } = answer ?? {};
    await other.report({
      type: 'dialog_answer',
      answerId,
      dialogId,
      option,
      label: 'Yes',
      by: 'coordinator',
      state: 'answered',
      reason: null,
    });
    await answering;
    await other.hangUp();

    const held = await client.call('createTask', { name: 'a third', prompt: 'x' });
    real.set(SAMPLE.taskId, held.id);
    const third = await PlayedRunner.start(service, held.id);
    await third.acceptPrompts();
    await third.report({ type: 'activity', activity });
    await perform(operator, 'setControl');
    await perform(operator, 'typeInput');
    const { inputs } = await third.desired('an input', (desired) => desired.inputs.length > 0);
    for (const input of inputs) await third.report({ type: 'input', inputId: input.id, typed: true, shown: true });
    const { id: heldId } = await client.call('promptTask', { id: held.id, prompt: 'x' });
    real.set(SAMPLE.promptId, heldId);
    for (const name of ['editPrompt', 'withdrawPrompt'] as const) {
      const done = perform(client, name);
      const { recalls } = await third.desired('a recall', (desired) => desired.recalls.length > 0);
      const recallId = recalls[0]?.id ?? '';
      await third.report({ type: 'prompt_recalled', promptId: heldId, recallId, recalled: true });
      await done;
    }
    await operator.call('setControl', { id: held.id, holder: 'coordinator' });
    const voice = new ApiClient({ baseUrl: service.url, token: third.assignment.subtaskToken });
    for (const name of ['askQuestion', 'makeReport'] as const) await perform(voice, name);
    await perform(client, 'answerQuestion');
    await perform(client, 'readReports');
    await third.hangUp();

    await client.call('listTasks', {});
    for (const name of ['stopAccess', 'startAccess', 'getAccess', 'listClients', 'readLog', 'readAudit'] as const)
      await perform(operator, name);

    expect([...run].toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
  });

  it('AC-18: the document has all of every operation', async () => {
    const document = (await (await fetch(`${service.url}/api/openapi.json`)).json()) as {
      paths: Record<string, Record<string, Documented>>;
    };
    interface Documented {
      operationId: string;
      summary: string;
      description: string;
      tags: string[];
      parameters?: { in: string; name: string }[];
      requestBody?: { content: Record<string, { schema: unknown; example: unknown }> };
      responses: Record<
        string,
        { content?: Record<string, { schema?: unknown; example?: unknown }>; 'x-error-codes'?: string[] }
      >;
    }
    const found = Object.entries(document.paths).flatMap(([path, entries]) =>
      Object.entries(entries).map(([method, entry]) => ({ path, method, ...entry })),
    );
    expect(found.map(({ operationId }) => operationId).toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
    for (const { operationId, method, path, ...entry } of found) {
      const operation: Operation = OPERATIONS[operationId as OperationName];
      const at = `${operationId}:`;
      expect([at, method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1')]).toEqual([
        at,
        operation.method,
        operation.path,
      ]);
      expect(entry.summary.length * entry.description.length * entry.tags.length, at).toBeGreaterThan(0);
      const good = Object.values(entry.responses[String(operation.status)]?.content ?? {})[0];
      expect(good?.schema, at).toBeDefined();
      expect(good?.example, at).toEqual(JSON.parse(JSON.stringify(EXAMPLES[operationId as OperationName]?.answer)));
      if (method === 'post') expect(entry.requestBody?.content['application/json'], at).toHaveProperty('example');
      const headers = (entry.parameters ?? []).filter((parameter) => parameter.in === 'header').map(({ name }) => name);
      expect([at, headers.includes('idempotency-key')]).toEqual([at, operation.idempotencyKey]);
      for (const [status, response] of Object.entries(entry.responses))
        if (Number(status) >= 400) expect(response['x-error-codes']?.length, `${at} ${status}`).toBeGreaterThan(0);
    }
  });
});
