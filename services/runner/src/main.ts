import { endProcessTree } from '@roundhouse/host';
import { WorktreeArchiver } from './adapters/git/archive-worktree.ts';
import { CheckoutWorktrees } from './adapters/git/checkout-worktree.ts';
import { BranchPublisher } from './adapters/git/publish-branch.ts';
import { LinkClient } from './adapters/link/link-client.ts';
import { adapterOf } from './agents/registry.ts';
import { archiveAttempt } from './archive-attempt.ts';
import { type Config, readConfig } from './config.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { createLogger } from './logger.ts';
import type { EndTree, Log } from './ports.ts';
import { type AttemptPorts, runAttempt } from './run-attempt.ts';

const TREE_TIMES = { graceMs: 2_000, killMs: 5_000 };

function run(config: Config, log: Log, terminated: AbortSignal): Promise<ExitCode> {
  const { run: order, mark, inherited } = config;
  const endTree: EndTree = (roots) =>
    endProcessTree({ mark, folder: order.folder, roots, except: [process.pid] }, TREE_TIMES);
  const archiver = new WorktreeArchiver(inherited);
  if (order.mode === 'archive') return archiveAttempt(order, { archiver, endTree, log });
  const { coordinatorUrl, token } = order;
  const worktrees = new CheckoutWorktrees(inherited);
  const terminals = loadedOnce(async () => new (await import('./adapters/pty/pty-terminals.ts')).PtyTerminals(log));
  const ports: AttemptPorts = {
    dial: (listener) => new LinkClient({ coordinatorUrl, token, log }, listener),
    worktrees: {
      create: (worktree, signal) => {
        // The terminal's modules are loaded while git makes the worktree: both are among the dearest parts of a start.
        void terminals();
        return worktrees.create(worktree, signal);
      },
    },
    terminals: { spawn: async (terminal) => (await terminals()).spawn(terminal) },
    publisher: new BranchPublisher(inherited),
    adapterOf,
    archiver,
    endTree,
    now: () => new Date(),
    log,
  };
  return runAttempt({ run: order, mark, inherited }, ports, terminated);
}

function loadedOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null;
  return () => (loading ??= load());
}

const terminated = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => terminated.abort());
// Whoever started it may hang up; the attempt goes on.
process.on('SIGHUP', () => undefined);

try {
  const config = await readConfig(process.argv.slice(2), process.env);
  const { taskId, attempt, mode } = config.run;
  const log = createLogger(config.logLevel, { taskId, attempt, mode });
  process.exitCode = await run(config, log, terminated.signal).catch(async (error: unknown) => {
    log.error({ err: error }, 'the runner failed');
    // Whatever went wrong: an agent without a runner is nobody's.
    await endProcessTree({ mark: config.mark, folder: config.run.folder }, TREE_TIMES);
    return EXIT.failed;
  });
} catch (error) {
  process.stderr.write(`roundhouse runner: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT.failed;
}
// Everything that was begun has ended or is of no interest any more: nothing may keep the process (and its slot) alive.
process.exit();
