import type { RunnerConfig } from '@roundhouse/contracts';
import { worktreeIn } from './box.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { CheckGit, CheckoutMaker } from './ports.ts';

/** How long a checkout may take, milliseconds: 0.1 ms a file is usual, a hundred times that a very busy disk. */
const BOUND_MS = 600_000;

/** Makes the checkout at `<folder>/worktree` that worktrees of attempts are laid over. @throws in one sentence. */
export async function prepareCheckout(
  run: Extract<RunnerConfig, { mode: 'prepare' }>,
  ports: { readonly checkGit: CheckGit; readonly checkouts: CheckoutMaker },
  terminated: AbortSignal,
): Promise<ExitCode> {
  const signal = AbortSignal.any([terminated, AbortSignal.timeout(BOUND_MS)]);
  await ports.checkGit(signal);
  const { folder, hubObjects, baseCommit } = run;
  await ports.checkouts.make({ path: worktreeIn(folder), hubObjects, baseCommit }, signal);
  return EXIT.done;
}
