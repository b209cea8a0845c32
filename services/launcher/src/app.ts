import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type Logger, type RunningService } from '@roundhouse/host';
import { AttemptsApi } from './adapters/api/attempts-api.ts';
import { startIntake } from './adapters/bullmq/attempt-intake.ts';
import { ProcessSandboxes } from './adapters/process/process-sandbox.ts';
import type { Config } from './config.ts';
import { Gate } from './handlers/gate.ts';
import { handOver } from './handlers/hand-over.ts';
import { Lanes } from './handlers/lanes.ts';
import { Reconciler } from './handlers/reconcile.ts';
import { Rounds } from './handlers/rounds.ts';
import { shutDownSandboxes } from './handlers/shut-down.ts';
import { Slots } from './handlers/slots.ts';

/** Without an event (a recovered runner's end, a changed wish) this is how long something may go unnoticed. */
const RECONCILE_MS = 3_000;
/** They share their scans of the processes; the costly part, archiving, has a bound of its own. */
const DESTROYS = 16;

/** Builds a launcher and starts it: first what an earlier one left, then the queue. */
export async function startLauncher(config: Config, log: Logger): Promise<RunningService> {
  const token = (await readFile(config.tokenFile, 'utf8')).trim();
  const attempts = new AttemptsApi({ baseUrl: config.coordinatorUrl, token });
  const sandboxes = new ProcessSandboxes({
    root: config.sandboxes,
    coordinatorUrl: config.coordinatorUrl,
    mcpUrl: config.mcpUrl,
    runner: { main: config.runnerMain, environment: config.runnerEnvironment },
  });
  const lanes = new Lanes();
  const slots = new Slots(config.slots);
  const destroys = new Gate(DESTROYS);
  const stopping = new AbortController();
  // Each sandbox that waits for its turn listens to it, which is no leak.
  setMaxListeners(0, stopping.signal);
  const parts = { sandboxes, attempts, lanes, slots, destroys, log, signal: stopping.signal };

  const recovered = await sandboxes.recover();
  const running = recovered.filter((view) => view.state === 'running');
  for (const view of running) slots.hold(view);
  if (recovered.length > 0) log.info({ running: running.length, found: recovered.length }, 'sandboxes recovered');

  const reconciler = new Reconciler(parts);
  const rounds = new Rounds(() => reconciler.round(), { everyMs: RECONCILE_MS, log });
  sandboxes.onExited((ref, how) => {
    // 0 is how a runner ends that has wound up; anything else is worth a line when somebody asks why an attempt was lost.
    if (how !== 0) log.warn({ ...ref, how }, 'a runner did not end well');
    rounds.poke();
  });
  rounds.poke();
  const starts = new Gate(config.starts);
  const intake = startIntake({
    redis: config.redis,
    slots,
    starts,
    handOver: (ref, place) => handOver(ref, place, parts),
    log,
  });

  const stop = async (): Promise<void> => {
    stopping.abort(new Error('the launcher is stopping'));
    await Promise.all([intake.stop(), rounds.stop()]);
    if (config.onShutdown === 'leave') return;
    await shutDownSandboxes({ sandboxes, attempts, destroys, lanes, log });
  };
  return { url: null, stop };
}
