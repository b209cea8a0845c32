import { access } from 'node:fs/promises';
import { basename, join } from 'node:path/posix';
import { type Bind, INSIDE } from './container-spec.ts';
import type { ToEnginePath } from './host-paths.ts';

/** Variables that name a file of certificates; the file is the launcher's, so it has to be shown to the sandbox. */
const BUNDLES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];

export interface World {
  readonly environment: Record<string, string>;
  readonly binds: Bind[];
}

/**
 * What of the launcher's own environment a sandbox gets: the time zone, and, where it may speak to the world at all, the
 * certificates that the world is known by here. A file that the engine cannot see is left out.
 */
export async function worldOf(
  ours: Readonly<Record<string, string>>,
  hasEgress: boolean,
  toEngine: ToEnginePath,
): Promise<World> {
  const world: World = { environment: {}, binds: [] };
  if (ours['TZ'] !== undefined) world.environment['TZ'] = ours['TZ'];
  if (!hasEgress) return world;
  for (const name of BUNDLES) {
    const file = ours[name];
    const source = file === undefined ? null : await engineFile(file, toEngine);
    if (file === undefined || source === null) continue;
    const target = join(INSIDE.certificates, `${name.toLowerCase()}-${basename(file)}`);
    world.environment[name] = target;
    world.binds.push({ source, target });
  }
  return world;
}

async function engineFile(file: string, toEngine: ToEnginePath): Promise<string | null> {
  try {
    await access(file);
    return toEngine(file);
  } catch {
    return null;
  }
}
