import type { SandboxLimits } from '@roundhouse/contracts';

/** What decides whether an attempt fits into a sandbox that was started ahead of it. */
export interface ProfileLike {
  readonly projectId: string;
  readonly image: string | null;
  readonly limits: SandboxLimits;
}

/** Equal for two that fit each other: the same project, image and limits. */
export const profileKey = ({ projectId, image, limits }: ProfileLike): string =>
  [projectId, image ?? '', limits.memoryMb, limits.cpus, limits.pids, limits.diskMb].join(' ');
