import type { Context } from '../context.ts';
import { oneLine } from '../output.ts';
import { cloneResult, resultCommit, type ResultParts, writeResultBranch } from './plan-result.ts';
import type { PlanRepository } from './plan-repository.ts';
import type { Progress } from './progress.ts';
import type { Plan } from './read-plan.ts';
import { type CheckResult, runChecks, skipChecks } from './run-checks.ts';
import type { RunReport } from './run-report.ts';
import type { TaskResult } from './task-result.ts';

/** What comes after the tasks. */
export interface Finish {
  readonly checks: readonly CheckResult[];
  readonly result: RunReport['result'];
  /** Why the result could not be written into the repository; null: it was, or was not to be. */
  readonly fault: Error | null;
}

export interface FinishParts extends ResultParts {
  readonly context: Context;
  readonly repository: PlanRepository;
  /** For the clone; somebody else removes it. */
  readonly scratch: string;
  readonly progress: Progress;
  /** The branch to write into the repository, or null. */
  readonly resultBranch: string | null;
}

/**
 * Runs the checks in a fresh clone of the result, if every task passed, and writes what has landed into the repository,
 * if that is wanted: also where something failed, since a service of our own takes the rest with it when it goes.
 */
export async function finishRun(plan: Plan, tasks: readonly TaskResult[], parts: FinishParts): Promise<Finish> {
  const { progress, target, repository, resultBranch } = parts;
  const commit = await resultCommit(parts, parts.scratch);
  const nothing = { target, commit, branch: null };
  const checks = await checkResult(plan, tasks, parts);
  if (resultBranch === null || parts.signal.aborted) return { checks, result: nothing, fault: null };
  if (commit === repository.commit) {
    progress.say('nothing has landed, so no branch is written');
    return { checks, result: nothing, fault: null };
  }
  try {
    await writeResultBranch(parts, repository.path, resultBranch);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const fault = new Error(`the branch ${oneLine(resultBranch)} was not written: ${words}`, { cause: error });
    return { checks, result: nothing, fault };
  }
  progress.say(`wrote ${commit.slice(0, 8)} as branch ${oneLine(resultBranch)} of ${repository.path}`);
  return { checks, result: { target, commit, branch: resultBranch }, fault: null };
}

async function checkResult(plan: Plan, tasks: readonly TaskResult[], parts: FinishParts): Promise<CheckResult[]> {
  if (plan.checks.length === 0) return [];
  if (tasks.some(({ outcome }) => outcome !== 'passed')) {
    parts.progress.say('no check is run: not every task passed');
    return skipChecks(plan.checks, 'not every task passed');
  }
  const folder = await cloneResult(parts, parts.scratch);
  const { progress, signal, context } = parts;
  return runChecks(plan.checks, { folder, environment: context.config.inherited, progress, signal });
}
