import type { Door, RunnerConfig } from '@roundhouse/contracts';
import { TcpDoors } from './adapters/doors/tcp-doors.ts';
import { WorktreeArchiver } from './adapters/git/archive-worktree.ts';
import { PreparedCheckoutMaker } from './adapters/git/checkout-maker.ts';
import { CheckoutWorktrees } from './adapters/git/checkout-worktree.ts';
import { gitCheck } from './adapters/git/git-version.ts';
import { GitTreeInstructions } from './adapters/git/instructions-in-tree.ts';
import { PreparedWorktrees } from './adapters/git/prepared-worktree.ts';
import { BranchPublisher } from './adapters/git/publish-branch.ts';
import { LinkClient } from './adapters/link/link-client.ts';
import { REAL_TIME } from './adapters/system/real-time.ts';
import { assertIsolated } from './adapters/system/isolated-tree.ts';
import { NO_GAUGE, SandboxGauge } from './adapters/system/sandbox-gauge.ts';
import { adapterOf } from './agents/registry.ts';
import { archiveAttempt } from './archive-attempt.ts';
import type { Surroundings } from './config.ts';
import { endTreeOf } from './end-tree.ts';
import type { ExitCode } from './exit-code.ts';
import type { CheckGit, Gauge, Link, Log, ReadyTerminals, Terminals } from './ports.ts';
import { prepareCheckout } from './prepare-checkout.ts';
import { type AttemptPorts, runAttempt } from './run-attempt.ts';

export type AttemptConfig = Extract<RunnerConfig, { mode: 'attempt' }>;

/** What is dear, or found out once, for as many attempts as this process gets. */
export interface Loaded {
  readonly terminals: () => Promise<ReadyTerminals>;
  readonly checkGit: CheckGit;
}

/** What somebody else wants to hear of an attempt. */
export interface AttemptHooks {
  /** Given the link as soon as it dials. */
  readonly onLink: (link: Link) => void;
  /** Called where a limit of the sandbox was hit. */
  readonly onLimit: () => void;
}
const NO_HOOKS: AttemptHooks = { onLink: () => undefined, onLimit: () => undefined };

export function load({ inherited }: Surroundings, log: Log): Loaded {
  let loading: Promise<ReadyTerminals> | null = null;
  const terminals = async (): Promise<ReadyTerminals> =>
    new (await import('./adapters/pty/pty-terminals.ts')).PtyTerminals(log, REAL_TIME);
  return { terminals: () => (loading ??= terminals()), checkGit: gitCheck(inherited) };
}

/** Carries out one order. @throws where it cannot be, in words for a person. */
export function runOrder(run: RunnerConfig, here: Surroundings, log: Log, terminated: AbortSignal): Promise<ExitCode> {
  const { inherited, temporary } = here;
  switch (run.mode) {
    case 'attempt':
      return attempt({ run, mark: here.mark }, here, load(here, log), log, terminated);
    case 'archive':
      return archiveAttempt(run, {
        openDoors: (doors) => TcpDoors.open(doors),
        archiver: new WorktreeArchiver(inherited),
        treeInstructions: new GitTreeInstructions(inherited),
        endTree: endTreeOf(run, [here.mark]),
        temporary,
        log,
      });
    case 'prepare': {
      const checkouts = new PreparedCheckoutMaker(inherited);
      return prepareCheckout(run, { checkGit: gitCheck(inherited), checkouts }, terminated);
    }
  }
}

/** Runs one attempt. Its agent is marked with `mark`, which for a runner that was started ahead is another than its own. */
export async function attempt(
  order: { readonly run: AttemptConfig; readonly mark: string },
  here: Surroundings,
  loaded: Loaded,
  log: Log,
  terminated: AbortSignal,
  hooks: AttemptHooks = NO_HOOKS,
): Promise<ExitCode> {
  if (order.run.isolated) await assertIsolated();
  const { inherited, temporary } = here;
  return runAttempt({ ...order, inherited, temporary }, portsOf(order, here, loaded, log, hooks), terminated);
}

/** The parts that an attempt is carried out with. */
export function portsOf(
  { run, mark }: { readonly run: AttemptConfig; readonly mark: string },
  here: Surroundings,
  loaded: Loaded,
  log: Log,
  hooks: AttemptHooks = NO_HOOKS,
): AttemptPorts {
  const { inherited } = here;
  const { coordinatorUrl, token } = run;
  const gauge = run.isolated ? new SandboxGauge(run.folder) : NO_GAUGE;
  const worktrees = new (run.worktree === 'prepared' ? PreparedWorktrees : CheckoutWorktrees)(inherited);
  return {
    openDoors: (doors) => TcpDoors.open(doors),
    checkGit: loaded.checkGit,
    gauge,
    dial: (listener) => {
      const link = new LinkClient({ coordinatorUrl, door: doorTo(coordinatorUrl, run.doors), token, log }, listener);
      hooks.onLink(link);
      return link;
    },
    worktrees: {
      create: (order, signal) => {
        // The terminal's modules are loaded while git makes the worktree: both are among the dearest parts of a start.
        void loaded.terminals();
        return worktrees.create(order, signal);
      },
    },
    terminals: behind(loaded, gauge, log),
    publisher: new BranchPublisher(inherited),
    adapterOf,
    archiver: new WorktreeArchiver(inherited),
    treeInstructions: new GitTreeInstructions(inherited),
    endTree: endTreeOf(run, [mark, here.mark]),
    now: () => new Date(),
    timers: REAL_TIME,
    onLimit: hooks.onLimit,
    log,
  };
}

/** The socket behind an address that is a door of this sandbox. The runner need not go through its own listener to it. */
const doorTo = (url: string, doors: readonly Door[]): string | null =>
  doors.find(({ port }) => port === Number(new URL(url).port))?.socket ?? null;

/** Memory and processors are for the agent, but for the little that the runner needs to renew the lease and to tell. */
const behind = (loaded: Loaded, gauge: Gauge, log: Log): Terminals => ({
  spawn: async (order) => {
    const terminal = await (await loaded.terminals()).spawn(order);
    // Not awaited: its output is under way already.
    gauge.putBehind(terminal.pid).catch((error: Error) => {
      log.warn({ reason: error.message }, 'the agent could not be put behind the runner');
    });
    return terminal;
  },
});
