import { readFile } from 'node:fs/promises';

/** One line of /proc/self/mountinfo (proc(5)): a mount as this process sees it. */
export interface Mount {
  readonly id: string;
  readonly parent: string;
  /** `major:minor` */
  readonly device: string;
  /** The folder of its file system that is mounted. */
  readonly root: string;
  readonly point: string;
  /** Mounts made below it reach those who share it, other containers among them. */
  readonly isShared: boolean;
  readonly type: string;
}

/** All mounts, in the order in which they were made: where two have one point, the later hides the earlier. */
export async function readMounts(): Promise<Mount[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const [id, parent, device, root, point, , ...tags] = before?.split(' ') ?? [];
    const type = after?.split(' ')[0];
    if (id === undefined || parent === undefined || device === undefined) return [];
    if (root === undefined || point === undefined || type === undefined) return [];
    const isShared = tags.some((tag) => tag.startsWith('shared:'));
    return [{ id, parent, device, root: unescaped(root), point: unescaped(point), isShared, type }];
  });
}

/** The mount that a path lies on. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | null {
  return mounts.reduce<Mount | null>(
    (best, mount) => (isWithin(path, mount.point) && mount.point.length >= (best?.point.length ?? 0) ? mount : best),
    null,
  );
}

/** Those at `path` or below it, the last made first: the order to unmount them in. */
export const mountsWithin = (path: string, mounts: readonly Mount[]): Mount[] =>
  mounts.filter(({ point }) => isWithin(point, path)).toReversed();

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** The kernel writes space, tab, newline and backslash as three octal digits. */
const unescaped = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
