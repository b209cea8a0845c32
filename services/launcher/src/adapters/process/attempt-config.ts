import type { RunnerConfig } from '@roundhouse/contracts';
import type { StartOrder } from '../../ports.ts';

type AttemptConfig = Extract<RunnerConfig, { mode: 'attempt' }>;

/** What a runner that is a plain process needs: it sees the host as we do. */
export function attemptConfig(
  { taskId, attempt, projectId, assignment, runnerToken: token, hubObjects, agentEnvironment }: StartOrder,
  { coordinatorUrl, mcpUrl }: { readonly coordinatorUrl: string; readonly mcpUrl: string },
  folder: string,
): AttemptConfig {
  const place = { folder, isolated: false, doors: [] };
  const bound = { coordinatorUrl, projectId, taskId, attempt, token };
  const given = { assignment, mcpUrl, hubObjects, agentEnvironment };
  return { mode: 'attempt', ...place, ...bound, ...given, worktree: 'checkout', proxyUrl: null };
}

/** Throws words for a person: an image is something that no plain process can use. */
export function refuseImage(image: string | null): void {
  if (image === null) return;
  throw new Error(
    `this launcher starts plain processes and cannot use the image ${image}; start it with ROUNDHOUSE_SANDBOX_KIND=docker, or leave the image out`,
  );
}
