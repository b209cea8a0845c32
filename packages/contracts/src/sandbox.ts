import { z } from 'zod';
import { AttemptNumber, Uuid } from './ids.ts';

const Common = {
  coordinatorUrl: z.url().describe('Where the runner dials the link and pushes: http://host:port'),
  projectId: Uuid,
  taskId: Uuid,
  attempt: AttemptNumber,
  folder: z.string().describe('The sandbox’s own folder; the runner makes `worktree`, `home` and `log` in it.'),
  token: z.string(),
};

/**
 * What a launcher hands to the runner that it starts, as a file of mode 0600 that the runner deletes once read:
 * secrets stand neither in argv nor in the environment. `attempt` runs an agent; `archive` only saves what a dead
 * runner left in its worktree under the attempt's archive ref.
 */
export const RunnerConfig = z.discriminatedUnion('mode', [
  z.object({
    mode: z.literal('attempt'),
    ...Common,
    mcpUrl: z.url(),
    hubObjects: z
      .string()
      .nullable()
      .describe('The hub’s objects folder where it can be read, else null: then fetched.'),
  }),
  z.object({ mode: z.literal('archive'), ...Common, ref: z.string() }),
]);
export type RunnerConfig = z.infer<typeof RunnerConfig>;

/** The name of a sandbox: what makes a second start of the same attempt one sandbox. */
export const sandboxName = (taskId: string, attempt: number): string => `run-${taskId}-${attempt}`;

/** The variable that marks every process of a sandbox, so that its whole tree is found whatever it forked. */
export const SANDBOX_MARK = 'ROUNDHOUSE_SANDBOX';
