import {
  type InputOf,
  type OPERATIONS,
  MAX_PROMPT_BYTES,
  type Project,
  RoundhouseError,
  type Task,
  type TaskRecord,
} from '@roundhouse/contracts';
import { factOf, weigh } from '../domain/admission/dependencies.ts';
import type { Effect } from '../domain/events.ts';
import { limitsOver } from '../domain/limits.ts';
import { type NewTask, newTask } from '../domain/new-task.ts';
import { actingFor } from './access.ts';
import { checkDependencies } from './admission/set-dependencies.ts';
import type { Caller, Deps } from './deps.ts';
import { derivedId } from './derived-id.ts';
import { noteProfile } from './launchers.ts';
import { taskView } from './task-view.ts';

/** The prompt's size in bytes; throws `prompt_too_large`. */
export function promptBytes(prompt: string): number {
  const bytes = Buffer.byteLength(prompt);
  if (bytes <= MAX_PROMPT_BYTES) return bytes;
  throw new RoundhouseError('prompt_too_large', `the prompt has ${bytes} bytes, ${MAX_PROMPT_BYTES} is the most`, {
    bytes,
    limit: MAX_PROMPT_BYTES,
  });
}

/**
 * An id that the idempotency key decides: the same request is the same task or prompt even where the stored answer was
 * lost in a crash. Without a key a fresh one.
 */
export function idFor(deps: Deps, caller: Caller, purpose: string): string {
  const { idempotencyKey, tokenId } = caller;
  return idempotencyKey === null ? deps.clock.nextId() : derivedId([tokenId, purpose, idempotencyKey]);
}

export async function createTask(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.createTask>,
): Promise<Task> {
  const coordinatorId = actingFor(caller);
  if (input.coordinatorTaskId !== undefined && input.coordinatorTaskId !== coordinatorId) {
    throw new RoundhouseError('coordinator_mismatch', 'coordinatorTaskId names another coordinator than the token');
  }
  const bytes = promptBytes(input.prompt);
  const coordinator = await deps.registry.coordinator(coordinatorId);
  if (coordinator === null)
    throw new RoundhouseError('coordinator_not_found', `there is no coordinator ${coordinatorId}`);
  const project = await ownProject(deps, caller, input.projectId ?? coordinator.projectId, coordinator.projectId);
  const baseBranch = input.baseBranch ?? project.defaultBranch;
  if ((await deps.hubs.branch(project.id, baseBranch)) === null) throw branchMissing(deps, project, baseBranch);
  if (input.resultSchema !== undefined) await refuseSchema(deps, input.resultSchema);
  const dependencies = await checkDependencies(deps, coordinatorId, input.dependsOn);
  const id = idFor(deps, caller, 'task');
  const prompt = { id: idFor(deps, caller, 'prompt'), text: input.prompt };
  const wanted: NewTask = {
    id,
    coordinatorId,
    projectId: project.id,
    name: input.name,
    baseBranch,
    agent: input.agent ?? project.defaultAgent,
    limits: limitsOver(project.limits, input.limits),
    image: input.image ?? project.image,
    allowLandSelf: input.allowLandSelf,
    promptId: prompt.id,
    promptBytes: bytes,
    priority: input.priority,
    dependsOn: input.dependsOn,
    onDependencyFailure: input.onDependencyFailure,
    resultSchema: input.resultSchema ?? null,
  };
  const [task] = await Promise.all([
    commitNew(deps, wanted, prompt, dependencies),
    noteProfile(deps, { projectId: wanted.projectId, image: wanted.image, limits: wanted.limits }),
  ]);
  if (task !== null) return await taskView(deps, task);
  const existing = await deps.store.read(id);
  if (existing === null) throw new Error(`task ${id} was neither created nor found`);
  return await taskView(deps, existing);
}

/**
 * Creates the task: admitted where nothing holds it, in the same commit, else held. Null: it is there already.
 * @throws RoundhouseError `budget_exhausted`
 */
async function commitNew(
  { store, clock, maxRunning }: Deps,
  wanted: NewTask,
  prompt: { readonly id: string; readonly text: string },
  dependencies: readonly TaskRecord[],
): Promise<TaskRecord | null> {
  const now = clock.now();
  const creation = (task: TaskRecord, effect: Effect) =>
    ({ expected: 0, task, kinds: ['created'], effects: [effect], prompt }) as const;
  const weighed = weigh(wanted.dependsOn ?? [], dependencies.map(factOf));
  if (weighed.state !== 'met') {
    // Whatever was seen is over by now: the commit enters it with those that it waits for, and orders a look at them after.
    const reason = weighed.state === 'pending' ? weighed.reason : 'its dependencies are being looked at';
    const held = newTask(wanted, now, { state: 'held', by: 'dependencies', reason });
    return (await store.commit(creation(held, { type: 'weigh', taskId: wanted.id }))) ? held : null;
  }
  const admitted = newTask(wanted, now);
  const enqueue = { type: 'enqueue', taskId: wanted.id, attempt: 1 } as const;
  const result = await store.admit(creation(admitted, enqueue), { most: maxRunning, trial: false, afterOthers: true });
  if (result === 'committed') return admitted;
  if (result === 'stale') return null;
  const inLine = newTask(wanted, now, { state: 'held', by: 'turn' });
  const admit = { type: 'admit', coordinatorId: wanted.coordinatorId } as const;
  return (await store.commit(creation(inLine, admit))) ? inLine : null;
}

async function refuseSchema({ schemas }: Deps, schema: Readonly<Record<string, unknown>>): Promise<void> {
  const fault = await schemas.fault(schema);
  if (fault !== null) throw new RoundhouseError('result_schema_invalid', `resultSchema: ${fault}`);
}

function branchMissing(deps: Deps, { id, source }: Project, branch: string): RoundhouseError {
  const message =
    source === null
      ? `the hub has no branch ${branch} yet: push it to ${deps.publicUrl()}/git/${id}.git`
      : `the hub has no branch ${branch}`;
  return new RoundhouseError('branch_not_found', message, { branch });
}

/** A coordinator works on its own project and on no other. */
async function ownProject(deps: Deps, caller: Caller, projectId: string, own: string) {
  const project =
    caller.identity.role === 'operator' || projectId === own ? await deps.registry.project(projectId) : null;
  if (project === null) throw new RoundhouseError('project_not_found', `there is no project ${projectId}`);
  return project;
}
