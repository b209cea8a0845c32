import { type Role, RoundhouseError } from '@roundhouse/contracts';
import { closeTask } from '../../handlers/close-task.ts';
import { createTask } from '../../handlers/create-task.ts';
import type { Caller } from '../../handlers/deps.ts';
import { mergeTask } from '../../handlers/land-task.ts';
import { setControl } from '../../handlers/control.ts';
import { promptTask } from '../../handlers/prompt-task.ts';
import {
  pauseCoordinator,
  resumeCoordinator,
  updateCoordinator,
} from '../../handlers/admission/coordinator-standing.ts';
import { setDependencies } from '../../handlers/admission/set-dependencies.ts';
import { getTask, listTasks } from '../../handlers/read-tasks.ts';
import { waitForIdle } from '../../handlers/wait-for-idle.ts';
import { isOver, signalIsLastWord } from './index-faults.ts';
import { type Pick, pickTask } from './pick.ts';
import type { PlayedProcess } from './played-process.ts';
import type { StoredTask } from './snapshot.ts';
import type { Happening } from './steps.ts';
import type { Work, World } from './world.ts';

/** Longer than a history: whoever waits is answered, or ended by the history. */
export const PATIENCE_MS = 55_000;
/** One token for one coordinator, since keys count for one token. */
export function coordinatorCaller(coordinatorId: string, client: Parameters<Work<unknown>>[1]): Caller {
  return {
    identity: { role: 'coordinator', coordinatorId },
    tokenId: coordinatorId,
    tokenLabel: 'a coordinator',
    reach: 'own',
    coordinatorId,
    idempotencyKey: null,
    doneToken: null,
    ...client,
  };
}

const personOf = (caller: Caller, role: Role & 'operator'): Caller => ({ ...caller, identity: { role }, reach: 'any' });

type Command = Happening<
  | 'create'
  | 'prompt'
  | 'merge'
  | 'close'
  | 'human'
  | 'hand_back'
  | 'watch_idle'
  | 'depend'
  | 'pause'
  | 'resume'
  | 'look'
  | 'limit'
>;

/** What coordinators and people ask. */
export function performCommand(world: World, process: PlayedProcess, what: Command): void {
  switch (what.do) {
    case 'create':
      return create(world, process, what);
    case 'prompt':
      return onTask(world, process, what.task, PROMPTABLE, (task) => ({
        work: keyed(
          process,
          task.record.coordinatorId,
          what.key === null ? null : `prompt-${task.id}-${what.key}`,
          (caller) =>
            promptTask(process.deps, caller, {
              id: task.id,
              prompt: what.key === null ? 'go on' : `go on, keyed ${what.key}`,
            }),
        ),
      }));
    case 'merge':
      return onTask(
        world,
        process,
        what.task,
        ({ record }) => signalIsLastWord(record),
        (task) => ({
          bounded: false,
          work: as(task, (caller) => mergeTask(process.deps, caller, { id: task.id })),
        }),
      );
    case 'close':
      return onTask(
        world,
        process,
        what.task,
        ({ record }) => record.closing === null,
        (task) => ({
          bounded: false,
          work: as(task, (caller) => closeTask(process.deps, caller, { id: task.id })),
        }),
      );
    case 'watch_idle':
      return onTask(
        world,
        process,
        what.task,
        ({ record }) => !isOver(record),
        (task) => ({
          bounded: false,
          work: as(task, (caller) => waitForIdle(process.deps, caller, { id: task.id, timeoutMs: PATIENCE_MS })),
        }),
      );
    case 'human':
    case 'hand_back': {
      const holder = what.do === 'human' ? 'human' : 'coordinator';
      return onTask(
        world,
        process,
        what.task,
        () => true,
        (task) => ({
          work: as(task, (caller) =>
            setControl(process.deps, personOf(caller, 'operator'), { id: task.id, holder, forMs: 60_000, force: true }),
          ),
        }),
      );
    }
    case 'depend':
      return onTask(
        world,
        process,
        what.task,
        ({ record }) => record.admission.state === 'held',
        (task) => ({
          work: as(task, (caller) =>
            setDependencies(process.deps, caller, {
              id: task.id,
              dependsOn: dependencies(world, task.record.coordinatorId, what.on, 'signalled'),
            }),
          ),
        }),
      );
    case 'pause':
    case 'resume': {
      const [owner, act] = [world.owner(what.by), what.do === 'pause' ? pauseCoordinator : resumeCoordinator];
      return void world.call(process, (_, client) => act(process.deps, coordinatorCaller(owner, client)));
    }
    case 'limit': {
      const owner = world.owner(what.by);
      return void world.call(process, (_, client) =>
        updateCoordinator(process.deps, coordinatorCaller(owner, client), { id: owner, maxRunning: what.most }),
      );
    }
    case 'look':
      return void world.call(process, async (_, client) => {
        const caller = coordinatorCaller(world.owner(what.by), client);
        const { tasks } = await listTasks(process.deps, caller, { limit: 50 });
        await Promise.all(tasks.slice(0, 3).map(({ id }) => getTask(process.deps, caller, { id })));
      });
  }
}

const PROMPTABLE: Pick = ({ record }) => !isOver(record) && record.closing === null;

interface OnTask {
  readonly bounded?: boolean;
  readonly work: Work<unknown>;
}

function onTask(
  world: World,
  process: PlayedProcess,
  index: number,
  fits: Pick,
  act: (task: StoredTask) => OnTask,
): void {
  const task = pickTask(world, index, fits);
  if (task === null) return;
  const { work, bounded = true } = act(task);
  world.call(process, work, { bounded });
}

const as =
  (task: StoredTask, act: (caller: Caller) => Promise<unknown>): Work<unknown> =>
  (_, client) =>
    act(coordinatorCaller(task.record.coordinatorId, client));

/** With a key the call goes the way that a route gives it: the first runs, others get its answer. */
function keyed<T>(
  process: PlayedProcess,
  coordinatorId: string,
  key: string | null,
  act: (caller: Caller) => Promise<T>,
): Work<T> {
  return async (_, client) => {
    const caller = { ...coordinatorCaller(coordinatorId, client), idempotencyKey: key };
    if (key === null) return await act(caller);
    const run = async () => {
      try {
        return { status: 200, body: await act(caller) };
      } catch (error) {
        if (!(error instanceof RoundhouseError)) throw error;
        return { status: error.status, body: error.toBody() };
      }
    };
    const { status, body } = await process.idempotency.once(`${caller.tokenId}:${key}`, key, run);
    if (status >= 400) throw new RoundhouseError('idempotency_in_progress', JSON.stringify(body));
    return body as T;
  };
}

function create(world: World, process: PlayedProcess, what: Happening<'create'>): void {
  const owner = world.owner(what.by);
  const key = what.key === null ? null : `create-${owner}-${what.key}`;
  // The same key is the same request, whatever else the step says.
  const plain = what.key !== null;
  const work = keyed(process, owner, key, (caller) =>
    createTask(process.deps, caller, {
      name: plain ? `keyed ${what.key}` : 'a task',
      prompt: 'do it',
      allowLandSelf: true,
      priority: plain ? 5 : what.priority,
      limits: { attempts: plain ? 3 : what.attempts },
      dependsOn: plain ? [] : dependencies(world, owner, what.on, what.until),
      onDependencyFailure: what.hold && !plain ? 'hold' : 'fail',
      agent: what.command && !plain ? { kind: 'command', argv: ['x'], promptVia: 'file' } : { kind: 'scripted' },
    }),
  );
  world.call(process, work, {
    answered: ({ id }) => {
      if (key === null) return;
      const made = world.known.keyed.get(key) ?? new Set();
      world.known.keyed.set(key, made.add(id));
      if (made.size > 1) world.faults.push(`I10: ${key} made ${[...made].join(' and ')}`);
    },
  });
}

function dependencies(world: World, coordinatorId: string, on: readonly number[], until: 'landed' | 'signalled') {
  const own = [...world.snapshot.tasks.values()].filter(({ record }) => record.coordinatorId === coordinatorId);
  const ids = new Set(own.length === 0 ? [] : on.map((index) => own[index % own.length]?.id ?? ''));
  return [...ids].map((taskId) => ({ taskId, until }));
}
