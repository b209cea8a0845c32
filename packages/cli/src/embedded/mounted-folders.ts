import { z } from 'zod';
import { askEngine } from './engine-ask.ts';

/** Every container of a launcher has this label. */
const LABEL = 'roundhouse.install';
const Containers = z.array(
  z.object({ Id: z.string(), Mounts: z.array(z.object({ Source: z.string().default('') })).default([]) }),
);

/** The containers of launchers, whichever they are, each with the folders of this machine that it has mounted. */
export async function launchersContainers(
  socket: string,
  signal?: AbortSignal,
): Promise<{ readonly id: string; readonly folders: readonly string[] }[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [LABEL] }));
  const { body } = await askEngine(socket, 'GET', `/containers/json?all=true&filters=${filters}`, signal);
  return Containers.parse(body).map(({ Id, Mounts }) => ({ id: Id, folders: Mounts.map(({ Source }) => Source) }));
}

export const mountedFolders = async (socket: string, signal: AbortSignal): Promise<ReadonlySet<string>> =>
  new Set((await launchersContainers(socket, signal)).flatMap(({ folders }) => folders));
