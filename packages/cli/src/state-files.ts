import { readFile, rm } from 'node:fs/promises';
import { Project } from '@roundhouse/contracts';
import { writeFileAtomic } from '@roundhouse/host';
import { z } from 'zod';
import type { DataPaths } from './data-folder.ts';
import { Failure } from './failure.ts';

const Entry = z.object({
  repository: z.string(),
  project: Project.pick({ id: true, name: true, defaultBranch: true }),
  coordinator: z.object({ id: z.string(), token: z.string() }),
});
/** One repository that `up` was started for: its project, and the coordinator that was made for it. */
export type Entry = z.infer<typeof Entry>;

const State = z.object({ version: z.literal(1), current: z.string().nullable(), entries: z.array(Entry) });
/** What `up` remembers between starts; `current` is the repository of the last start. */
export type State = z.infer<typeof State>;

const Endpoint = z.object({ api: z.url(), mcp: z.url(), pid: z.int() });
/** Where the running service is; the file is there only while it runs. */
export type Endpoint = z.infer<typeof Endpoint>;

export const readState = async (paths: DataPaths): Promise<State> =>
  (await readJson(paths.state, State)) ?? { version: 1, current: null, entries: [] };

export const writeState = (paths: DataPaths, state: State): Promise<void> =>
  writeFileAtomic(paths.state, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });

/** The entry of the last start, if any. */
export const currentEntry = ({ current, entries }: State): Entry | undefined =>
  entries.find(({ repository }) => repository === current);

export const readEndpoint = (paths: DataPaths): Promise<Endpoint | null> => readJson(paths.endpoint, Endpoint);

export const writeEndpoint = (paths: DataPaths, endpoint: Endpoint): Promise<void> =>
  writeFileAtomic(paths.endpoint, `${JSON.stringify(endpoint)}\n`, { mode: 0o600 });

export const removeEndpoint = (paths: DataPaths): Promise<void> => rm(paths.endpoint, { force: true });

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const hint = 'Remove the file: what it holds is made anew.';
    throw new Failure(`${path} is not what this version writes`, { hint, cause: error });
  }
}
