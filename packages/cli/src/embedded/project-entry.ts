import { ApiClient, RoundhouseError } from '@roundhouse/contracts';
import type { DataPaths } from '../data-folder.ts';
import { authorOf } from '../git.ts';
import { type Entry, readState, writeState } from '../state-files.ts';

/**
 * Sees to it that a repository is a project with a coordinator of its own, and remembers both. The coordinator of an
 * earlier start is used again as long as the service knows its token.
 */
export async function ensureEntry(
  paths: DataPaths,
  service: { readonly api: string; readonly operatorToken: string },
  repository: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Entry> {
  const operator = new ApiClient({ baseUrl: service.api, token: service.operatorToken });
  // The same path again answers the same project.
  const author = await authorOf({ cwd: repository, environment, signal });
  const input = { path: repository, ...(author === null ? {} : { author }) };
  const { id, name, defaultBranch } = await operator.call('createProject', input, { signal });
  const state = await readState(paths);
  const known = state.entries.find((entry) => entry.repository === repository && entry.project.id === id);
  const coordinator =
    known !== undefined && (await isGood(service.api, known.coordinator.token, signal))
      ? known.coordinator
      : await createCoordinator(operator, id, signal);
  const entry: Entry = { repository, project: { id, name, defaultBranch }, coordinator };
  const others = state.entries.filter((other) => other.repository !== repository);
  await writeState(paths, { version: 1, current: repository, entries: [...others, entry] });
  return entry;
}

async function createCoordinator(
  operator: ApiClient,
  projectId: string,
  signal: AbortSignal,
): Promise<Entry['coordinator']> {
  const made = await operator.call('createCoordinator', { name: 'main', projectId }, { signal });
  return { id: made.coordinator.id, token: made.token };
}

async function isGood(api: string, token: string, signal: AbortSignal): Promise<boolean> {
  try {
    await new ApiClient({ baseUrl: api, token }).call('whoami', {}, { signal });
    return true;
  } catch (error) {
    // Another Redis than that of the last start: the token is not known there.
    if (error instanceof RoundhouseError && error.code === 'unauthenticated') return false;
    throw error;
  }
}
