import type { ServerContext } from '@modelcontextprotocol/server';

/** How often a waiting call says that it is alive, milliseconds. */
export const PROGRESS_EVERY_MS = 10_000;

/**
 * Reports progress at once, which commits the answer's headers, and then every ten seconds, so that clients that cut
 * silent calls wait on. Does nothing where the request carries no progress token.
 * @returns what ends it; the caller must call it.
 */
export function startProgress(context: ServerContext, message: string): () => void {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return () => undefined;
  const startedAt = performance.now();
  let ended = false;
  const report = (): void => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    const params = { progressToken, progress: seconds, message: `${message} (${seconds} s)` };
    // A client that has gone cannot be told; its going aborts the call by the request's own signal.
    context.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {
      if (!ended) end();
    });
  };
  const timer = setInterval(report, PROGRESS_EVERY_MS);
  const end = (): void => {
    ended = true;
    clearInterval(timer);
  };
  report();
  return end;
}
