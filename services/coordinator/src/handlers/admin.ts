import { basename } from 'node:path';
import {
  type Coordinator,
  type InputOf,
  type OPERATIONS,
  type OutputOf,
  type Project,
  RoundhouseError,
  type TokenInfo,
} from '@roundhouse/contracts';
import type { Caller, Deps } from './deps.ts';

type Ops = typeof OPERATIONS;

export async function createProject(
  deps: Deps,
  _caller: Caller,
  input: InputOf<Ops['createProject']>,
): Promise<Project> {
  const known = (await deps.registry.projects()).find(({ source }) => source === input.path);
  if (known !== undefined) {
    await deps.hubs.refresh(known.id, input.path);
    return known;
  }
  const id = deps.clock.nextId();
  const { defaultBranch } = await deps.hubs.create(id, input.path, input.defaultBranch ?? null);
  const project: Project = {
    id,
    name: input.name ?? basename(input.path),
    source: input.path,
    defaultBranch,
    defaultAgent: input.defaultAgent,
    author: input.author,
    gitUrl: `${deps.publicUrl()}/git/${id}.git`,
    createdAt: deps.clock.now(),
  };
  await deps.registry.addProject(project);
  return project;
}

export async function listProjects(deps: Deps, caller: Caller): Promise<OutputOf<Ops['listProjects']>> {
  const projects = await deps.registry.projects();
  const { identity } = caller;
  // The address may be another one since the project was added: it is told as it is now.
  const current = projects.map((project) => ({ ...project, gitUrl: `${deps.publicUrl()}/git/${project.id}.git` }));
  if (identity.role !== 'coordinator') return { projects: current };
  const own = (await deps.registry.coordinator(identity.coordinatorId))?.projectId;
  return { projects: current.filter(({ id }) => id === own) };
}

export async function createCoordinator(
  deps: Deps,
  _caller: Caller,
  input: InputOf<Ops['createCoordinator']>,
): Promise<OutputOf<Ops['createCoordinator']>> {
  const { name, projectId } = input;
  if ((await deps.registry.project(projectId)) === null)
    throw new RoundhouseError('project_not_found', `there is no project ${projectId}`);
  const coordinator: Coordinator = { id: deps.clock.nextId(), name, projectId, createdAt: deps.clock.now() };
  await deps.registry.addCoordinator(coordinator);
  const { token } = await deps.tokens.issue({ role: 'coordinator', coordinatorId: coordinator.id }, name, null);
  return { coordinator, token };
}

export const listCoordinators = async (deps: Deps): Promise<OutputOf<Ops['listCoordinators']>> => ({
  coordinators: await deps.registry.coordinators(),
});

export async function createToken(
  deps: Deps,
  _caller: Caller,
  input: InputOf<Ops['createToken']>,
): Promise<OutputOf<Ops['createToken']>> {
  const { role, coordinatorId, label, expiresInSeconds } = input;
  const expiresAt =
    expiresInSeconds === undefined
      ? null
      : new Date(Date.parse(deps.clock.now()) + expiresInSeconds * 1_000).toISOString();
  if (role !== 'coordinator') return await deps.tokens.issue({ role }, label, expiresAt);
  if (coordinatorId === undefined)
    throw new RoundhouseError('coordinator_required', 'coordinatorId says whose token it is');
  if ((await deps.registry.coordinator(coordinatorId)) === null) {
    throw new RoundhouseError('coordinator_not_found', `there is no coordinator ${coordinatorId}`);
  }
  return await deps.tokens.issue({ role, coordinatorId }, label, expiresAt);
}

export const listTokens = async (deps: Deps): Promise<OutputOf<Ops['listTokens']>> => ({
  tokens: await deps.tokens.list(),
});

export async function revokeToken(deps: Deps, _caller: Caller, { id }: { id: string }): Promise<TokenInfo> {
  const revoked = await deps.tokens.revoke(id);
  if (revoked === null) throw new RoundhouseError('token_not_found', `there is no token ${id}`);
  return revoked;
}
