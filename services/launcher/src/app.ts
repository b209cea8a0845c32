import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { LAUNCHER_TIMES } from '@roundhouse/contracts';
import type { Logger, RunningService } from '@roundhouse/host';
import { AttemptsApi } from './adapters/api/attempts-api.ts';
import { startIntake } from './adapters/bullmq/attempt-intake.ts';
import { agentEnvironmentOf } from './adapters/secrets/agent-environment.ts';
import type { Config } from './config.ts';
import { Gate } from './handlers/gate.ts';
import { handOver } from './handlers/hand-over.ts';
import { HeldClaims } from './handlers/held-claims.ts';
import { Lanes } from './handlers/lanes.ts';
import { Openings } from './handlers/openings.ts';
import { PrepareAhead } from './handlers/prepare-ahead.ts';
import { Reconciler } from './handlers/reconcile.ts';
import { recoverSandboxes } from './handlers/recover-sandboxes.ts';
import { StateReports } from './handlers/report-state.ts';
import { reuseSandbox } from './handlers/reuse-sandbox.ts';
import { Rounds } from './handlers/rounds.ts';
import { shutDownSandboxes } from './handlers/shut-down.ts';
import { Slots } from './handlers/slots.ts';
import { WarmPool } from './handlers/warm-pool.ts';
import { stateOf } from './launcher-state.ts';
import { openSandboxes } from './open-sandboxes.ts';

/** Without an event (a recovered runner's end, a changed wish) this is how long something may go unnoticed. */
const RECONCILE_MS = 3_000;
/** They share their scans of the processes; the costly part, archiving, has a bound of its own. */
const DESTROYS = 16;

/**
 * Builds a launcher and starts it: first what an earlier one left, then the queue. Where sandboxes are away it is started
 * all the same, says so, and goes on when they are back.
 */
export async function startLauncher(config: Config, log: Logger): Promise<RunningService> {
  const token = (await readFile(config.tokenFile, 'utf8')).trim();
  const attempts = new AttemptsApi({ baseUrl: config.coordinatorUrl, token });
  const stopping = new AbortController();
  // Each sandbox that waits for its turn listens to it, which is no leak.
  setMaxListeners(0, stopping.signal);
  const { signal } = stopping;
  const opened = await openSandboxes(config, log);
  const { sandboxes } = opened;

  const lanes = new Lanes();
  const slots = new Slots(config.slots);
  const destroys = new Gate(DESTROYS);
  const held = new HeldClaims({ attempts, log });
  const starts: Gate = new Gate(config.starts, () => openings.poke());
  const pool: WarmPool = new WarmPool({
    sandboxes,
    starts,
    slots,
    ...config.warm,
    log,
    ready: () => openings.poke(),
  });
  const openings = new Openings({
    isReady: () => sandboxes.readiness().ready,
    starts: () => starts.free,
    warm: () => pool.readyCount,
  });
  const ahead = new PrepareAhead({ sandboxes, log, signal });
  const agentEnvironment = agentEnvironmentOf(config.forAgents);
  const parts = { sandboxes, attempts, lanes, slots, destroys, held, starts, pool, agentEnvironment, log, signal };

  const reconciler = new Reconciler(parts);
  const reconciling = new Rounds(() => reconciler.round(), { everyMs: RECONCILE_MS, what: 'reconciling', log });
  const reports = new StateReports({
    attempts,
    held,
    log,
    signal,
    state: stateOf(config.sandbox.kind, { ...opened, slots, pool }),
    prepare: (profiles) => {
      // Not before it is known what an earlier launcher left: what began meanwhile would be taken for a leftover.
      // Whoever starts us hears of a failure.
      begun.then(
        () => pool.want(profiles),
        () => undefined,
      );
      ahead.want(profiles);
    },
  });
  const reporting = new Rounds(() => reports.report(), { everyMs: LAUNCHER_TIMES.everyMs, what: 'reporting', log });
  sandboxes.onExited((ref, how) => {
    // 0 is how a runner ends that has wound up; anything else is worth a line when somebody asks why an attempt was lost.
    if (how !== 0) log.warn({ ...ref, how }, 'a runner did not end well');
    reconciling.poke();
  });
  sandboxes.onIdle((ref) => void reuseSandbox(ref, parts));
  sandboxes.onReadiness((readiness) => {
    if (readiness.ready) log.info({}, 'sandboxes can be started again');
    else log.warn({ reason: readiness.reason }, 'sandboxes cannot be started; attempts wait in the queue');
    reporting.poke();
    openings.poke();
    pool.poke();
    reconciling.poke();
  });

  reporting.poke();
  let intake: ReturnType<typeof startIntake> | null = null;
  let areAway = (): void => undefined;
  const away = new Promise<void>((resolve) => (areAway = resolve));
  const begun = recoverSandboxes({ ...parts, away: areAway }).then((isRecovered) => {
    if (!isRecovered) return;
    reconciling.poke();
    pool.poke();
    intake = startIntake({
      redis: config.redis,
      slots,
      openings,
      log,
      handOver: (ref, place, opening) => handOver(ref, place, opening, parts),
    });
  });
  // What is there is known before we say that we are ready, unless nobody can tell.
  await Promise.race([begun, away]);

  const stop = async (): Promise<void> => {
    stopping.abort(new Error('the launcher is stopping'));
    await begun;
    const isLeft = config.onShutdown === 'leave';
    await Promise.all([intake?.stop(), reconciling.stop(), reporting.stop(), ahead.settled()]);
    await Promise.all([pool.stop({ end: !isLeft }), isLeft || shutDownSandboxes(parts)]);
    await opened.close();
    attempts.close();
  };
  return { url: null, stop };
}
