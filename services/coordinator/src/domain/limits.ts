import type { Limits, LimitKind, SandboxLimits, SomeLimits } from '@roundhouse/contracts';

/** The limits of `base`, but for those that `some` names. */
export const limitsOver = (base: Limits, some: SomeLimits = {}): Limits => ({
  attempts: some.attempts ?? base.attempts,
  memoryMb: some.memoryMb ?? base.memoryMb,
  cpus: some.cpus ?? base.cpus,
  pids: some.pids ?? base.pids,
  diskMb: some.diskMb ?? base.diskMb,
  wallClockSeconds: some.wallClockSeconds ?? base.wallClockSeconds,
});

/** Those that the sandbox itself enforces. */
export const sandboxLimitsOf = ({ memoryMb, cpus, pids, diskMb }: Limits): SandboxLimits => ({
  memoryMb,
  cpus,
  pids,
  diskMb,
});

/** When an attempt that begins to run now has run for as long as it may. */
export const deadlineOf = ({ wallClockSeconds }: Limits, now: string): string =>
  new Date(Date.parse(now) + wallClockSeconds * 1_000).toISOString();

const REASONS: { readonly [K in LimitKind]: (limits: Limits) => string } = {
  oom: ({ memoryMb }) => `it used more than its ${memoryMb} MiB of memory`,
  timeout: ({ wallClockSeconds }) => `it ran for longer than its ${wallClockSeconds} s`,
  disk: ({ diskMb }) => `it wrote more than its ${diskMb} MiB of disk`,
};

/** What an attempt did that its limit does not allow, for a person. */
export const limitReason = (limit: LimitKind, limits: Limits): string => REASONS[limit](limits);
