import {
  type CallOf,
  type InputOf,
  OPERATIONS,
  MAX_PROMPT_BYTES,
  type Project,
  RoundhouseError,
  type Task,
} from '@roundhouse/contracts';
import { limitsOver } from '../domain/limits.ts';
import type { NewTask } from '../domain/new-task.ts';
import { actingFor } from './access.ts';
import { commitNew } from './admission/commit-new.ts';
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

type Wanted = InputOf<typeof OPERATIONS.createTask>;

export const createTask = (deps: Deps, caller: Caller, input: Wanted): Promise<Task> =>
  createTaskThat(deps, caller, input, {});

/**
 * Creates a task that may host a coordinator. `beforehand` is done once everything that the caller could have wrong is
 * checked, right before the commit.
 */
export async function createTaskThat(
  deps: Deps,
  caller: Caller,
  given: CallOf<typeof OPERATIONS.createTask>,
  more: { readonly id?: string; readonly hosts?: string },
  beforehand: () => Promise<void> = () => Promise.resolve(),
): Promise<Task> {
  const input = OPERATIONS.createTask.input.parse(given);
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
  const id = more.id ?? idFor(deps, caller, 'task');
  const prompt = { id: idFor(deps, caller, 'prompt'), text: input.prompt };
  const wanted: NewTask = {
    id,
    ...(more.hosts === undefined ? {} : { hosts: more.hosts }),
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
  await beforehand();
  const [task] = await Promise.all([
    commitNew(deps, wanted, prompt, dependencies),
    noteProfile(deps, { projectId: wanted.projectId, image: wanted.image, limits: wanted.limits }),
  ]);
  if (task !== null) return await taskView(deps, task);
  const existing = await deps.store.read(id);
  if (existing === null) throw new Error(`task ${id} was neither created nor found`);
  return await taskView(deps, existing);
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
