import { basename } from 'node:path';
import {
  type Coordinator,
  DEFAULT_LIMITS,
  type InputOf,
  NO_BUDGET,
  type OPERATIONS,
  type OutputOf,
  type Project,
  RoundhouseError,
  type TokenInfo,
} from '@roundhouse/contracts';
import { limitsOver } from '../domain/limits.ts';
import type { Caller, Deps } from './deps.ts';
import { derivedId } from './derived-id.ts';

type Ops = typeof OPERATIONS;

export async function createProject(
  deps: Deps,
  _caller: Caller,
  input: InputOf<Ops['createProject']>,
): Promise<Project> {
  return input.path === undefined ? await emptyProject(deps, input) : await filledProject(deps, input, input.path);
}

type NewProject = InputOf<Ops['createProject']>;

async function filledProject(deps: Deps, input: NewProject, path: string): Promise<Project> {
  const known = (await deps.registry.projects()).find(({ source }) => source === path);
  if (known !== undefined) {
    await deps.hubs.refresh(known.id, path);
    return withAddress(deps, known);
  }
  const id = deps.clock.nextId();
  const { defaultBranch } = await deps.hubs.create(id, path, input.defaultBranch ?? null);
  const name = input.name ?? basename(path);
  return await deps.registry.addProject(projectOf(deps, input, { id, name, source: path, defaultBranch }));
}

/** The name decides the id, so that the same name is one project also where two ask at once or a first try was cut off. */
async function emptyProject(deps: Deps, input: NewProject): Promise<Project> {
  const { name, defaultBranch = 'main' } = input;
  if (name === undefined) {
    const issues = [{ path: '/name', message: 'needed where there is no path' }];
    throw new RoundhouseError('validation_failed', 'name: needed where there is no path', { issues });
  }
  const id = derivedId(['project', name]);
  const known = await deps.registry.project(id);
  if (known !== null) return withAddress(deps, known);
  await deps.hubs.createEmpty(id, defaultBranch);
  return await deps.registry.addProject(projectOf(deps, input, { id, name, source: null, defaultBranch }));
}

const projectOf = (
  deps: Deps,
  { defaultAgent, author, image, limits }: NewProject,
  decided: Pick<Project, 'id' | 'name' | 'source' | 'defaultBranch'>,
): Project => ({
  ...decided,
  defaultAgent,
  author,
  image: image ?? null,
  limits: limitsOver(DEFAULT_LIMITS, limits),
  gitUrl: gitUrlOf(deps, decided.id),
  createdAt: deps.clock.now(),
});

const gitUrlOf = ({ publicUrl }: Deps, id: string): string => `${publicUrl()}/git/${id}.git`;

/** The address may be another one since the project was added: it is told as it is now. */
const withAddress = (deps: Deps, project: Project): Project => ({ ...project, gitUrl: gitUrlOf(deps, project.id) });

export async function listProjects(deps: Deps, caller: Caller): Promise<OutputOf<Ops['listProjects']>> {
  const projects = await deps.registry.projects();
  const { identity } = caller;
  const current = projects.map((project) => withAddress(deps, project));
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
  const coordinator: Coordinator = {
    id: deps.clock.nextId(),
    name,
    projectId,
    createdAt: deps.clock.now(),
    maxRunning: null,
    paused: null,
    budget: NO_BUDGET,
  };
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
