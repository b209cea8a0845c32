import { z } from 'zod';

const MAX_MB = 1_048_576;
const shapes = {
  attempts: z.int().min(1).max(10).describe('How often the task may be started before it counts as lost.'),
  memoryMb: z
    .int()
    .min(64)
    .max(MAX_MB)
    .describe('Memory of the whole sandbox, MiB; who uses more is killed (end "oom").'),
  cpus: z.number().min(0.1).max(256).describe('Processor time, in cores.'),
  pids: z.int().min(32).max(32_768).describe('Processes and threads at once.'),
  diskMb: z.int().min(64).max(MAX_MB).describe('Worktree, home and all else that is written, MiB (end "disk").'),
  wallClockSeconds: z.int().min(5).max(2_592_000).describe('How long an attempt may run (end "timeout").'),
};

export const DEFAULT_LIMITS = {
  attempts: 3,
  memoryMb: 4_096,
  cpus: 2,
  pids: 512,
  diskMb: 10_240,
  wallClockSeconds: 14_400,
} as const;

/**
 * What a task may use. `attempts` and `wallClockSeconds` hold everywhere; the others are the sandbox's to enforce:
 * containers do, plain processes cannot.
 */
export const Limits = z
  .object({
    attempts: shapes.attempts.default(DEFAULT_LIMITS.attempts),
    memoryMb: shapes.memoryMb.default(DEFAULT_LIMITS.memoryMb),
    cpus: shapes.cpus.default(DEFAULT_LIMITS.cpus),
    pids: shapes.pids.default(DEFAULT_LIMITS.pids),
    diskMb: shapes.diskMb.default(DEFAULT_LIMITS.diskMb),
    wallClockSeconds: shapes.wallClockSeconds.default(DEFAULT_LIMITS.wallClockSeconds),
  })
  .meta({ id: 'Limits' });
export type Limits = z.infer<typeof Limits>;

/** Some of the limits; what is not named comes from the project, and there from the defaults. */
export const SomeLimits = z.object(shapes).partial();
export type SomeLimits = z.infer<typeof SomeLimits>;

/** What a sandbox itself enforces. */
export const SandboxLimits = z.object({
  memoryMb: shapes.memoryMb,
  cpus: shapes.cpus,
  pids: shapes.pids,
  diskMb: shapes.diskMb,
});
export type SandboxLimits = z.infer<typeof SandboxLimits>;

/** What a task can be ended for. `oom`: out of memory. */
export const LimitKind = z.enum(['oom', 'timeout', 'disk']);
export type LimitKind = z.infer<typeof LimitKind>;
