import { dirname } from 'node:path';
import { slugOf } from '@roundhouse/contracts';
import { EXIT, Failure } from '../failure.ts';
import { checkoutOf, git, type GitOptions } from '../git.ts';
import type { Plan } from './read-plan.ts';

/** The repository of a plan, the commit that its work starts from, and the branch of the hub that results land on. */
export interface PlanRepository {
  readonly path: string;
  readonly commit: string;
  readonly target: string;
}

/**
 * Finds what a plan is about. The repository is only read. The target is the plan's, else the base branch; `own` says
 * whether the hub is this run's alone, so that the branch may have the name that it has here, else it gets one of its own.
 * @throws Failure with exit code 2 where there is no such repository, branch or commit
 */
export async function findPlanRepository(
  plan: Plan,
  parts: {
    readonly own: boolean;
    readonly runId: string;
    readonly environment: NodeJS.ProcessEnv;
    readonly signal: AbortSignal;
  },
): Promise<PlanRepository> {
  const options = { environment: parts.environment, signal: parts.signal };
  const path = await checkoutOf({ cwd: plan.repository, ...options });
  if (path === null) {
    const hint = 'Name one with "repository:" in the plan (relative to it), or put the plan into one.';
    throw new Failure(`${plan.repository} is in no git checkout with a commit`, { hint, exitCode: EXIT.usage });
  }
  const inside = { cwd: path, ...options };
  const base = plan.base ?? (await currentBranch(inside)) ?? 'HEAD';
  const found = await findBase(base, inside);
  if (found === null) {
    const hint = `Looked in ${path}${path === dirname(plan.file) ? '' : ' (the repository of the plan)'}.`;
    throw new Failure(`the base "${base}" is neither a branch nor a commit`, { hint, exitCode: EXIT.usage });
  }
  const named = plan.target ?? (parts.own && found.isBranch ? base : null);
  const made = `roundhouse/${slugOf(plan.name)}`;
  return { path, commit: found.commit, target: named ?? (parts.own ? made : `${made}-${parts.runId.slice(0, 8)}`) };
}

/** A branch of the repository; else one that it knows of its origin, since CI checks out a commit; else any commit. */
async function findBase(base: string, options: GitOptions): Promise<{ commit: string; isBranch: boolean } | null> {
  const branches = [
    [`refs/heads/${base}`, true],
    [`refs/remotes/origin/${base}`, true],
  ] as const;
  // A clone has an origin/HEAD too, which is not what is checked out.
  for (const [ref, isBranch] of [...(base === 'HEAD' ? [] : branches), [base, false] as const]) {
    const commit = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], options).then(
      (text) => text.trim(),
      () => '', // Git says no by its exit code; the next form is tried.
    );
    if (commit !== '') return { commit, isBranch };
  }
  return null;
}

const currentBranch = (options: GitOptions): Promise<string | null> =>
  git(['symbolic-ref', '--quiet', '--short', 'HEAD'], options).then(
    (text) => text.trim(),
    () => null, // On no branch, as CI checks out.
  );
