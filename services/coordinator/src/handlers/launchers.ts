import type { InputOf, OPERATIONS, OutputOf, Project, SandboxProfile, TaskRecord } from '@roundhouse/contracts';
import { sandboxLimitsOf } from '../domain/limits.ts';
import type { WantedProfile } from '../ports/launchers.ts';
import type { Caller, Deps } from './deps.ts';
import { pageOf } from './list-page.ts';

type Ops = typeof OPERATIONS;
/** How many profiles a launcher is told at most. */
const MAX_PROFILES = 20;

/** Notes that a sandbox of this kind is asked for. A hint only: where it cannot be kept, the task goes on all the same. */
export async function noteProfile(
  { profiles, clock, log }: Deps,
  { projectId, image, limits }: Pick<TaskRecord, 'projectId' | 'image' | 'limits'>,
): Promise<void> {
  const profile = { projectId, image, limits: sandboxLimitsOf(limits) };
  await profiles
    .touch(profile, Date.parse(clock.now()))
    .catch((error: unknown) => log.warn({ projectId, err: error }, 'what was asked for could not be noted'));
}

export async function reportLauncher(
  deps: Deps,
  _caller: Caller,
  state: InputOf<Ops['reportLauncher']>,
): Promise<OutputOf<Ops['reportLauncher']>> {
  const [, recent, projects] = await Promise.all([
    deps.launchers.report(state),
    deps.profiles.recent(Date.parse(deps.clock.now()), MAX_PROFILES),
    deps.registry.projects(),
  ]);
  const heads = new Map<string, Promise<string | null>>();
  const head = ({ id, defaultBranch }: Project): Promise<string | null> => {
    const asked = heads.get(id) ?? deps.hubs.branch(id, defaultBranch);
    heads.set(id, asked);
    return asked;
  };
  const profiles = likeliest(recent, projects).map(async ({ project, image, limits }): Promise<SandboxProfile> => ({
    projectId: project.id,
    image,
    limits,
    hubObjects: deps.hubs.objectsFolder(project.id),
    headCommit: await head(project),
  }));
  return { prepare: await Promise.all(profiles) };
}

/** What was asked for last comes first; then what the other projects ask for by default, the newest project first. */
function likeliest(recent: readonly WantedProfile[], projects: readonly Project[]) {
  const byId = new Map(projects.map((project) => [project.id, project]));
  const defaults = projects
    .toReversed()
    .map(({ id, image, limits }) => ({ projectId: id, image, limits: sandboxLimitsOf(limits) }));
  const seen = new Set<string>();
  return [...recent, ...defaults]
    .flatMap(({ projectId, image, limits }) => {
      const project = byId.get(projectId);
      const key = JSON.stringify([projectId, image, limits.memoryMb, limits.cpus, limits.pids, limits.diskMb]);
      if (project === undefined || seen.has(key)) return [];
      seen.add(key);
      return [{ project, image, limits }];
    })
    .slice(0, MAX_PROFILES);
}

export async function listLaunchers(
  deps: Deps,
  _caller: Caller,
  input: InputOf<Ops['listLaunchers']>,
): Promise<OutputOf<Ops['listLaunchers']>> {
  const { rows, nextCursor } = pageOf(await deps.launchers.list(), ({ host, id }) => [host, id], input);
  return { launchers: rows, nextCursor };
}
