import { createHash } from 'node:crypto';
import { type InputOf, type OPERATIONS, MAX_PROMPT_BYTES, RoundhouseError, type Task } from '@roundhouse/contracts';
import { viewOf } from '../domain/derived.ts';
import { newTask } from '../domain/new-task.ts';
import { actingFor } from './access.ts';
import type { Caller, Deps } from './deps.ts';

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
 * lost in a crash. A hash in the form of a UUID v4 (RFC 9562 §5.4), else a fresh one.
 */
export function idFor(deps: Deps, caller: Caller, purpose: string): string {
  if (caller.idempotencyKey === null) return deps.clock.nextId();
  const bytes = createHash('sha256')
    .update(JSON.stringify([caller.tokenId, purpose, caller.idempotencyKey]))
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
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
  if ((await deps.hubs.branch(project.id, baseBranch)) === null) {
    throw new RoundhouseError('branch_not_found', `the hub has no branch ${baseBranch}`, { branch: baseBranch });
  }
  const id = idFor(deps, caller, 'task');
  const prompt = { id: idFor(deps, caller, 'prompt'), text: input.prompt };
  const task = newTask(
    {
      id,
      coordinatorId,
      projectId: project.id,
      name: input.name,
      baseBranch,
      agent: input.agent ?? project.defaultAgent,
      limits: input.limits ?? { attempts: 3 },
      allowLandSelf: input.allowLandSelf,
      promptId: prompt.id,
      promptBytes: bytes,
    },
    deps.clock.now(),
  );
  const effects = [{ type: 'enqueue', taskId: id, attempt: 1 } as const];
  if (await deps.store.commit({ expected: 0, task, kinds: ['created'], effects, prompt })) return viewOf(task);
  const existing = await deps.store.read(id);
  if (existing === null) throw new Error(`task ${id} was neither created nor found`);
  return viewOf(existing);
}

/** A coordinator works on its own project and on no other. */
async function ownProject(deps: Deps, caller: Caller, projectId: string, own: string) {
  const project =
    caller.identity.role === 'operator' || projectId === own ? await deps.registry.project(projectId) : null;
  if (project === null) throw new RoundhouseError('project_not_found', `there is no project ${projectId}`);
  return project;
}
