import { ApiClient, type Task } from '@roundhouse/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../testing/eventually.ts';
import { PlayedRunner } from '../../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../../testing/started-coordinator.ts';

let service: StartedCoordinator;
let owner: Owner;
beforeAll(async () => {
  service = await startedCoordinator();
});
afterAll(() => service.stop());
beforeEach(async () => {
  owner = await service.newOwner();
});
const runners: PlayedRunner[] = [];
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.hangUp()));
});

type Named = Pick<Task, 'id'>;
const on = (...tasks: readonly Named[]) => ({ dependsOn: tasks.map(({ id }) => ({ taskId: id })) });
const create = (name: string, more: object = {}) => owner.client.call('createTask', { name, prompt: 'x', ...more });
const read = ({ id }: Named) => owner.client.call('getTask', { id });
const setDependencies = ({ id }: Named, ...others: readonly Named[]) =>
  owner.client.call('setDependencies', { id, ...on(...others) });
const isAdmitted = (task: Named) =>
  waitFor('an admission', async () => (await read(task)).admission.state === 'admitted');
const hasEnded = (task: Named) =>
  waitFor('an end', async () => {
    const { lifecycle } = await read(task);
    return lifecycle.state === 'ended' ? lifecycle.end : null;
  });
const start = async ({ id }: Named): Promise<PlayedRunner> => {
  const runner = await PlayedRunner.start(service, id);
  runners.push(runner);
  return runner;
};
const agentOf = ({ assignment: { subtaskToken: token, doneToken } }: PlayedRunner): ApiClient =>
  new ApiClient({ baseUrl: service.url, token, doneToken });
const signal = async (task: Named, runner: PlayedRunner, more: object = {}): Promise<string> => {
  const done = agentOf(runner).call('signalDone', { id: task.id, summary: 'did it', ...more });
  const commit = await runner.push(`${task.id}.txt`, 'work');
  await runner.publish(commit);
  await done;
  return commit;
};

describe('dependencies', () => {
  it('AD-10: a task starts by itself when what it depends on has landed, from a base that has it', async () => {
    const [b, c] = [await create('B'), await create('C')];
    const a = await create('A', on(b, c));
    expect(a.admission).toMatchObject({
      state: 'held',
      why: 'dependencies',
      reason: 'waits for “B” to land and for 1 more',
    });
    for (const task of [b, c]) {
      expect((await read(a)).admission.state).toBe('held');
      await signal(task, await start(task));
      await owner.client.call('mergeTask', { id: task.id });
    }
    await isAdmitted(a);
    const { baseCommit } = (await start(a)).assignment;
    const tree = await service.repository.git('--git-dir', hub(), 'ls-tree', '--name-only', baseCommit);
    expect(tree.split('\n')).toEqual(expect.arrayContaining([`${b.id}.txt`, `${c.id}.txt`]));
    // Who has landed already is waited for no more.
    expect((await create('D', on(b))).admission.state).toBe('admitted');
  });

  const hub = (): string => `${service.dataFolder}/hubs/${service.projectId}.git`;

  it('AD-11: until the signal is until the signal, landed or not', async () => {
    const b = await create('B');
    const dependsOn = [{ taskId: b.id, until: 'signalled' as const }];
    const a = await create('A', { dependsOn });
    expect(a.admission).toMatchObject({ reason: 'waits for “B” to signal' });
    const later = await create('later', on(b));
    await signal(b, await start(b));
    await isAdmitted(a);
    expect(await read(later)).toMatchObject({ admission: { state: 'held', why: 'dependencies' } });
    expect((await create('afterwards', { dependsOn })).admission.state).toBe('admitted');
  });

  it('AD-12: a dependency that comes to nothing ends its dependants, and theirs, with a reason', async () => {
    const c = await create('C');
    const b = await create('B', on(c));
    const a = await create('A', on(b));
    const runner = await start(c);
    const wait = owner.client.call('waitSignal', { timeoutMs: 10_000 });
    await runner.report({ type: 'attempt_failed', reason: 'no such program' });
    const because = '“C” ended (failed): no such program';
    expect(await hasEnded(b)).toEqual({ kind: 'dependency', taskId: c.id, reason: because });
    expect(await hasEnded(a)).toEqual({
      kind: 'dependency',
      taskId: b.id,
      reason: `“B” ended (dependency): ${because}`,
    });
    expect((await read(a)).attention).toBe(`a dependency came to nothing: “B” ended (dependency): ${because}`);
    expect((await wait).outcome).toBe('ended');
    // Whoever comes later meets the same end.
    expect(await hasEnded(await create('late', on(a)))).toMatchObject({ kind: 'dependency', taskId: a.id });
  });

  it('AD-12: a signal that may still land and a conflict are not the end; closing it unlanded is', async () => {
    const b = await create('B');
    const a = await create('A', on(b));
    const runner = await start(b);
    await signal(b, runner);
    await runner.report({ type: 'agent_exited', code: 0, signal: null });
    await waitFor('the end of B', async () => (await read(b)).lifecycle.state === 'ended');
    expect(await setDependencies(a, b)).toMatchObject({ admission: { state: 'held', why: 'dependencies' } });
    await service.launcher.call('reportGone', { taskId: b.id, attempt: 1, kept: null, reason: null });
    await owner.client.call('closeTask', { id: b.id });
    const reason = '“B” was closed before its work had landed';
    expect(await hasEnded(a)).toEqual({ kind: 'dependency', taskId: b.id, reason });
  });

  it('AD-13: under the policy "hold" it is held until it is told otherwise', async () => {
    const b = await create('B');
    const more = { onDependencyFailure: 'hold' as const };
    const [a, other] = [await create('A', { ...on(b), ...more }), await create('other', { ...on(b), ...more })];
    await owner.client.call('closeTask', { id: b.id });
    const held = await waitFor('the hold', async () => {
      const task = await read(a);
      return task.admission.state === 'held' && task.admission.why === 'failed_dependency' ? task : null;
    });
    expect(held.attention).toContain('“B” was closed before its work had landed');
    expect((await owner.client.call('getCoordinator', {})).tasks).toMatchObject({ queued: 2, remaining: 2 });
    await setDependencies(a);
    await isAdmitted(a);
    expect(await owner.client.call('closeTask', { id: other.id })).toMatchObject({ outcome: 'closed' });
    expect((await owner.client.call('getCoordinator', {})).tasks).toMatchObject({ queued: 0, running: 1 });
  });

  it('AD-14: what would wait for itself is refused with its path, also where two calls only together make a cycle', async () => {
    const root = await create('root');
    const [a, b, c] = [await create('a', on(root)), await create('b', on(root)), await create('c', on(root))];
    await setDependencies(b, a);
    await setDependencies(c, b, root);
    const path = [a, c, b, a].map(({ id, name }) => ({ taskId: id, name }));
    await expect(setDependencies(a, root, c)).rejects.toMatchObject({ code: 'dependency_cycle', details: { path } });
    await expect(setDependencies(a, a)).rejects.toMatchObject({ code: 'dependency_cycle' });
    expect((await read(a)).dependsOn).toEqual([{ taskId: root.id, until: 'landed' }]);
    for (let round = 0; round < 5; round += 1) {
      const pair = [await create('x', on(root)), await create('y', on(root))] as const;
      const outcomes = await Promise.allSettled([setDependencies(pair[0], pair[1]), setDependencies(pair[1], pair[0])]);
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused.map(({ reason }: PromiseRejectedResult) => (reason as { code: string }).code)).toEqual([
        'dependency_cycle',
      ]);
    }
  });

  it('AD-15: what is not there, another’s, named twice, too much or too late is refused, and changes nothing', async () => {
    const b = await create('B');
    const stranger = await service.newOwner();
    const theirs = await stranger.client.call('createTask', { name: 'theirs', prompt: 'x' });
    const missing = { id: '00000000-0000-4000-8000-000000000000' };
    for (const named of [theirs, missing]) {
      await expect(create('A', on(named))).rejects.toMatchObject({ code: 'task_not_found' });
    }
    const many = Array.from({ length: 33 }, (_, index) => ({
      id: `00000000-0000-4000-8000-0000000000${String(index).padStart(2, '0')}`,
    }));
    for (const input of [on(b, b), on(...many)])
      await expect(create('A', input)).rejects.toMatchObject({ code: 'validation_failed' });
    expect((await owner.client.call('listTasks', {})).tasks).toHaveLength(1);
    await expect(setDependencies(b)).rejects.toMatchObject({ code: 'already_admitted' });
    await expect(stranger.client.call('setDependencies', { id: b.id, dependsOn: [] })).rejects.toMatchObject({
      code: 'task_not_found',
    });
    await owner.client.call('closeTask', { id: b.id });
    await expect(setDependencies(b)).rejects.toMatchObject({ code: 'task_closed' });
  });
});

describe('results', () => {
  const resultSchema = {
    type: 'object',
    required: ['port'],
    properties: { port: { type: 'integer', minimum: 1 } },
    additionalProperties: false,
  };

  it('AD-23: a result that does not match its schema is refused before anything is pushed, and can be mended', async () => {
    const task = await create('with a schema', { resultSchema });
    const runner = await start(task);
    const tell = (result?: unknown) => agentOf(runner).call('signalDone', { id: task.id, result });
    await expect(tell()).rejects.toMatchObject({ code: 'result_invalid' });
    await expect(tell({ port: 0, host: 'x' })).rejects.toMatchObject({
      code: 'result_invalid',
      details: {
        issues: [
          { path: '', message: 'must NOT have additional properties' },
          { path: '/port', message: 'must be >= 1' },
        ],
      },
    });
    await expect(tell('x'.repeat(70_000))).rejects.toMatchObject({ code: 'result_too_large' });
    expect((await read(task)).version).toBe(3);
    await signal(task, runner, { result: { port: 80 } });
    const { completion } = await read(task);
    expect(completion).toMatchObject({ state: 'signalled', signal: { result: { port: 80 }, resultBytes: 11 } });
  });

  it('AD-24: schemas that are none, look elsewhere or take for ever are refused, and hold up nobody', async () => {
    for (const schema of [
      { type: 'nothing' },
      { $ref: 'https://example.org/schema.json' },
      { $schema: 'http://json-schema.org/draft-04/schema#' },
      { properties: { a: { $ref: '#/nowhere' } } },
    ]) {
      const refused = create('A', { resultSchema: schema });
      await expect(refused, JSON.stringify(schema)).rejects.toMatchObject({ code: 'result_schema_invalid' });
    }
    const large = { description: 'x'.repeat(17_000) };
    await expect(create('A', { resultSchema: large })).rejects.toMatchObject({ code: 'validation_failed' });
    await create('older', { resultSchema: { $schema: 'http://json-schema.org/draft-07/schema#', type: 'array' } });
    const task = await create('slow', { resultSchema: { type: 'string', pattern: '^(a+)+$' } });
    const runner = await start(task);
    const slow = agentOf(runner).call('signalDone', { id: task.id, result: `${'a'.repeat(40)}!` });
    const refused = expect(slow).rejects.toMatchObject({ code: 'result_invalid' });
    const slowness = { isOver: false };
    const ended = refused.finally(() => (slowness.isOver = true));
    let answers = 0;
    for (; !slowness.isOver; answers += 1) await read(task);
    await ended;
    expect(answers).toBeGreaterThan(10);
  });

  it('AD-25: a sub-task gets what its dependencies came to, long results by pages, and of no other task anything', async () => {
    const long = { words: Array.from({ length: 900 }, (_, index) => `wörd ${index}`) };
    const [small, large, foreign] = [
      await create('small', { resultSchema }),
      await create('large'),
      await create('foreign'),
    ];
    const dependsOn = [{ taskId: small.id, until: 'signalled' as const }, { taskId: large.id }];
    const task = await create('builds', { dependsOn, resultSchema });
    const commit = await signal(small, await start(small), { result: { port: 8080 } });
    await signal(large, await start(large), { result: long });
    const merged = await owner.client.call('mergeTask', { id: large.id });
    await isAdmitted(task);
    const agent = agentOf(await start(task));
    const answer = await agent.call('getInputs', { id: task.id });
    const resultBytes = Buffer.byteLength(JSON.stringify(long));
    expect(answer).toEqual({
      inputs: [
        {
          taskId: small.id,
          name: 'small',
          until: 'signalled',
          commit,
          summary: 'did it',
          result: { port: 8080 },
          resultBytes: 13,
          schema: resultSchema,
        },
        {
          taskId: large.id,
          name: 'large',
          until: 'landed',
          summary: 'did it',
          result: null,
          resultBytes,
          commit: merged.landing.state === 'landed' ? merged.landing.landedAs : '',
          schema: null,
        },
      ],
      page: null,
      resultSchema,
    });
    let text = '';
    let cursor: string | null = null;
    do {
      const next: object = cursor === null ? {} : { cursor };
      const { page }: { page: { text: string; nextCursor: string | null } | null } = await agent.call('getInputs', {
        id: task.id,
        of: large.id,
        ...next,
      });
      expect(page?.text.length).toBeLessThanOrEqual(10_000);
      text += page?.text ?? '';
      cursor = page?.nextCursor ?? null;
    } while (cursor !== null);
    expect(JSON.parse(text)).toEqual(long);
    // The same for the coordinator, whose list and status leave out what is long.
    const shown = (await read(large)).completion;
    expect(shown).toMatchObject({ signal: { result: null, resultBytes } });
    const first = await owner.client.call('readResult', { id: large.id });
    expect([first.bytes, first.nextCursor !== null]).toEqual([resultBytes, true]);
    await expect(agent.call('getInputs', { id: task.id, of: foreign.id })).rejects.toMatchObject({
      code: 'task_not_found',
    });
    await expect(agent.call('getInputs', { id: large.id })).rejects.toMatchObject({ code: 'task_not_found' });
    const wrong = { id: small.id, cursor: first.nextCursor ?? '' };
    await expect(owner.client.call('readResult', wrong)).rejects.toMatchObject({ code: 'cursor_invalid' });
    await expect(owner.client.call('getInputs', { id: task.id })).rejects.toMatchObject({ code: 'forbidden' });
  });
});
