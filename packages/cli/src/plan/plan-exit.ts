import { type ExitCode, explain, Failure } from '../failure.ts';

/** What a pipeline can tell from the exit code of `run`: the code of its own table, not that of the other commands. */
export const PLAN_EXIT = { passed: 0, failed: 1, wrongPlan: 2, notRun: 3 } as const satisfies Record<string, ExitCode>;

/** Anything that kept a run from being run, or from being run to its end, as a Failure of exit code 3. */
export function notRun(error: unknown): Failure {
  const { message, hint } = explain(error);
  return new Failure(message, { ...(hint === null ? {} : { hint }), exitCode: PLAN_EXIT.notRun, cause: error });
}
