import { z } from 'zod';
import { RunnerConfig } from './sandbox.ts';

/**
 * The hand-over: how a launcher gives an attempt to a runner that runs already. The runner was started with
 * `--await <socket>` and listens on that Unix socket (mode 0600) in its own folder; JSON lines both ways, one connection
 * at a time, 1 MiB a line at most. The runner says `ready` when it has loaded what it needs; the launcher answers
 * `assign`; the runner says `taken` once the coordinator has welcomed it over the link, which is the proof that the
 * attempt is its own, or `refused`. A runner that may be used again says `ready` again once the attempt is over and
 * nothing of it runs or lies about any more; where that cannot be said it says `spent` with the reason, and ends.
 */
export const RunnerHandOver = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), pid: z.int() }),
  z.object({ type: z.literal('taken') }),
  z.object({ type: z.literal('refused'), reason: z.string().max(1_000) }),
  z.object({ type: z.literal('spent'), reason: z.string().max(1_000) }),
]);
export type RunnerHandOver = z.infer<typeof RunnerHandOver>;

export const LauncherHandOver = z.object({
  type: z.literal('assign'),
  mark: z.string().describe('The sandbox’s name from now on.'),
  config: RunnerConfig.options[0],
  again: z.boolean().describe('Whether the runner waits for another attempt afterwards instead of ending.'),
});
export type LauncherHandOver = z.infer<typeof LauncherHandOver>;

/** The most bytes of one line. */
export const MAX_HAND_OVER_LINE = 1_048_576;
/** The socket's name in the sandbox's folder. */
export const HAND_OVER_SOCKET = 'hand-over.sock';
