import { z } from 'zod';
import { AttemptNumber, ObjectId, Uuid } from './ids.ts';
import { Assignment } from './link.ts';

/** A way out of a sandbox without a network: what dials 127.0.0.1:`port` in it is put through to a Unix socket. */
export const Door = z.object({ port: z.int().min(1_024).max(65_535), socket: z.string() });
export type Door = z.infer<typeof Door>;

const Place = {
  folder: z.string().describe('The sandbox’s own folder; the runner makes `worktree`, `home` and `log` in it.'),
  isolated: z
    .boolean()
    .default(false)
    .describe('Whether every process that the runner can see is of its sandbox (a process namespace of its own).'),
  doors: z.array(Door).max(8).default([]).describe('Opened by the runner before it dials anything.'),
};

const Bound = {
  coordinatorUrl: z.url().describe('Where the runner dials the link and pushes: http://host:port'),
  projectId: Uuid,
  taskId: Uuid,
  attempt: AttemptNumber,
  token: z.string(),
};

/** Where the worktree comes from. `prepared`: a repository is mounted at `<folder>/worktree` already. */
export const WorktreeSource = z.enum(['checkout', 'prepared']);
export type WorktreeSource = z.infer<typeof WorktreeSource>;

/** The name of a variable that a program can be given (environ(7)), as shells write them. */
export const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * What a launcher hands to the runner that it starts, as a file of mode 0600 that the runner deletes once read, or over
 * its hand-over socket: secrets stand neither in argv nor in the environment. `attempt` runs an agent; `archive` only
 * saves what a dead runner left in its worktree under the attempt's archive ref; `prepare` makes a checkout that the
 * worktrees of later attempts are laid over, and needs no secret.
 */
export const RunnerConfig = z.discriminatedUnion('mode', [
  z.object({
    mode: z.literal('attempt'),
    ...Place,
    ...Bound,
    assignment: Assignment,
    mcpUrl: z.url(),
    hubObjects: z
      .string()
      .nullable()
      .describe('The hub’s objects folder where it can be read, else null: then fetched.'),
    worktree: WorktreeSource.default('checkout'),
    proxyUrl: z.url().nullable().default(null).describe('The HTTP proxy that is the agent’s only way to the world.'),
    agentEnvironment: z
      .record(z.string().regex(ENVIRONMENT_NAME), z.string())
      .default({})
      .describe('What the operator means for agents alone: credentials of model providers, their addresses. Secret.'),
  }),
  z.object({ mode: z.literal('archive'), ...Place, ...Bound, ref: z.string() }),
  z.object({ mode: z.literal('prepare'), ...Place, hubObjects: z.string(), baseCommit: ObjectId }),
]);
export type RunnerConfig = z.infer<typeof RunnerConfig>;

/** The name of a sandbox: what makes a second start of the same attempt one sandbox. */
export const sandboxName = (taskId: string, attempt: number): string => `run-${taskId}-${attempt}`;

/** The variable that marks every process of a sandbox, so that its whole tree is found whatever it forked. */
export const SANDBOX_MARK = 'ROUNDHOUSE_SANDBOX';
