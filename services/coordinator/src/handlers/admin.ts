import { basename } from 'node:path';
import {
  type Coordinator,
  DEFAULT_LIMITS,
  DEFAULT_NOTIFICATION_SETTINGS,
  type InputOf,
  NO_BUDGET,
  type OPERATIONS,
  type OutputOf,
  type Project,
  RoundhouseError,
} from '@roundhouse/contracts';
import { limitsOver } from '../domain/limits.ts';
import { idFor } from './create-task.ts';
import type { Caller, Deps } from './deps.ts';
import { derivedId } from './derived-id.ts';
import { byAge, pageOf } from './list-page.ts';

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

export async function listProjects(
  deps: Deps,
  { identity, reach }: Caller,
  input: InputOf<Ops['listProjects']>,
): Promise<OutputOf<Ops['listProjects']>> {
  const own =
    'coordinatorId' in identity ? (await deps.registry.coordinator(identity.coordinatorId))?.projectId : undefined;
  const seen = (await deps.registry.projects()).filter(({ id }) => reach === 'any' || id === own);
  const { rows, nextCursor } = pageOf(seen, byAge, input);
  return { projects: rows.map((project) => withAddress(deps, project)), nextCursor };
}

export async function createCoordinator(
  deps: Deps,
  caller: Caller,
  input: InputOf<Ops['createCoordinator']>,
): Promise<OutputOf<Ops['createCoordinator']>> {
  const { name, projectId } = input;
  if ((await deps.registry.project(projectId)) === null)
    throw new RoundhouseError('project_not_found', `there is no project ${projectId}`);
  const coordinator: Coordinator = {
    id: idFor(deps, caller, 'coordinator'),
    name,
    projectId,
    createdAt: deps.clock.now(),
    maxRunning: null,
    paused: null,
    budget: NO_BUDGET,
    notifications: DEFAULT_NOTIFICATION_SETTINGS,
    hostTaskId: null,
  };
  await deps.registry.addCoordinator(coordinator);
  const { token } = await deps.tokens.issue({ role: 'coordinator', coordinatorId: coordinator.id }, name, null);
  return { coordinator, token };
}

export async function listCoordinators(
  deps: Deps,
  _caller: Caller,
  input: InputOf<Ops['listCoordinators']>,
): Promise<OutputOf<Ops['listCoordinators']>> {
  const { rows, nextCursor } = pageOf(await deps.registry.coordinators(), byAge, input);
  return { coordinators: rows, nextCursor };
}
