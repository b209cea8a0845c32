import { posix } from 'node:path';

export interface MountPoint {
  /** As the engine sees it. */
  readonly source: string;
  /** As this process sees it. */
  readonly destination: string;
}

/** Turns a path of ours into what the engine calls it. */
export type ToEnginePath = (path: string) => string;

/**
 * The engine binds paths of its own host into containers. A launcher that is a container itself has other names for
 * them: `mounts` are then its own. Null: it is no container, and its names are the engine's. The answer throws words for
 * a person where a path is in none of the mounts, so that the engine cannot see it.
 */
export function toEnginePath(mounts: readonly MountPoint[] | null): ToEnginePath {
  if (mounts === null) return (path) => posix.resolve(path);
  const deepestFirst = mounts
    .filter(({ source }) => source !== '')
    .toSorted((a, b) => b.destination.length - a.destination.length);
  return (path) => {
    const whole = posix.resolve(path);
    for (const { source, destination } of deepestFirst) {
      const below = posix.relative(destination, whole);
      if (below !== '..' && !below.startsWith('../')) return posix.join(source, below);
    }
    throw new Error(`${path} is in no volume or folder that is mounted into the launcher's container`);
  };
}
