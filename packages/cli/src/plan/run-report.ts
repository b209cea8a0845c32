import type { CheckResult } from './run-checks.ts';
import type { TaskResult } from './task-result.ts';

/** Everything that is known of a run; what `--json` writes. Text of agents in it is untrusted. */
export interface RunReport {
  readonly version: 1;
  readonly plan: string;
  /** `passed`: every task and every check. `stopped`: it was ended before it was done. */
  readonly outcome: 'passed' | 'failed' | 'stopped';
  /** Why it was stopped, in words. */
  readonly reason: string | null;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly sandbox: string;
  readonly base: string;
  readonly result: {
    /** The branch of the hub. */
    readonly target: string;
    readonly commit: string | null;
    /** The branch that was written into the repository, if any. */
    readonly branch: string | null;
  };
  readonly tasks: readonly TaskResult[];
  readonly checks: readonly CheckResult[];
}

export const outcomeOf = (tasks: readonly TaskResult[], checks: readonly CheckResult[]): 'passed' | 'failed' =>
  [...tasks, ...checks].every(({ outcome }) => outcome === 'passed') ? 'passed' : 'failed';
