import { mkdir } from 'node:fs/promises';
import { type Logger, startRedis } from '@roundhouse/host';
import type { DataPaths } from '../data-folder.ts';
import { ensureSecrets } from '../secrets.ts';
import { prepareSandboxes, sandboxVariables } from './sandbox-parts.ts';
import type { SandboxChoice } from './sandbox-choice.ts';
import { sweepSandboxes } from './sandbox-sweep.ts';
import { startServiceProcess } from './service-process.ts';
import { SERVICE_MAINS, type ServiceName } from './service-table.ts';
import { type Part, type Supervised, supervise } from './supervise.ts';

export interface EmbeddedOptions {
  readonly paths: DataPaths;
  /** 0 is any free port. */
  readonly port: number;
  readonly mcpPort: number;
  /** A Redis of the user's own; without it a private one is started. */
  readonly redisUrl: string | undefined;
  readonly slots: number;
  /** How many tasks may be under way at once; null or absent: no limit. */
  readonly maxRunning?: number | null;
  readonly sandbox: SandboxChoice;
  readonly dockerSocket: string;
  readonly logLevel: string;
  readonly inherited: NodeJS.ProcessEnv;
  /** The file descriptor that the services' logs go to. */
  readonly output: number;
  /** What happens, in words for a person. */
  readonly say: (text: string) => void;
  /** A part could not be kept running; the owner must stop the service. */
  readonly onGivenUp: (reason: string) => void;
  /** Aborting gives up a start, or ends a stop's patience: everything is killed. */
  readonly signal: AbortSignal;
}

export interface EmbeddedService {
  readonly api: string;
  readonly mcp: string;
  readonly operatorToken: string;
  /** Ends everything, at most 30 s: sandboxes first, Redis last. Twice is fine. Resolves with what is left, in words. */
  stop(): Promise<string[]>;
}

const STOP_MS = { total: 30_000, launcher: 20_000, relay: 3_000, gateway: 3_000, coordinator: 5_000 } as const;

/**
 * Starts the whole service as child processes: Redis, coordinator, MCP gateway, launcher, in this order, for
 * containers the relay too, and keeps them running. Where a part cannot be started, what was started is stopped again and the error is the caller's.
 */
export async function startEmbeddedService(options: EmbeddedOptions): Promise<EmbeddedService> {
  const { paths, say, onGivenUp, signal } = options;
  await mkdir(paths.folder, { recursive: true, mode: 0o700 });
  const { operatorToken } = await ensureSecrets(paths);
  const started: { readonly part: Supervised; readonly boundMs: number }[] = [];
  const run = async (part: Part, boundMs: number): Promise<void> => {
    started.unshift({ part: await supervise(part, { say, onGivenUp, signal }), boundMs });
  };
  let stopping: Promise<string[]> | null = null;
  const stop = (): Promise<string[]> => (stopping ??= stopAll(started, options));
  try {
    const prepared = await prepareSandboxes(options);
    const redis = options.redisUrl ?? (await startPrivateRedis(options, run));
    const shared = { ROUNDHOUSE_HOST: '127.0.0.1', ROUNDHOUSE_LOG_LEVEL: options.logLevel };
    const coordinator = servicePart('coordinator', options, options.port, {
      ...shared,
      ROUNDHOUSE_REDIS: redis,
      ROUNDHOUSE_DATA: paths.coordinator,
      ROUNDHOUSE_OPERATOR_TOKEN_FILE: paths.operatorToken,
      ROUNDHOUSE_LAUNCHER_TOKEN_FILE: paths.launcherToken,
      ...((options.maxRunning ?? null) === null ? {} : { ROUNDHOUSE_MAX_RUNNING: String(options.maxRunning) }),
    });
    await run(coordinator.part, STOP_MS.coordinator);
    const api = coordinator.url();
    const gateway = servicePart('mcp-gateway', options, options.mcpPort, {
      ...shared,
      ROUNDHOUSE_COORDINATOR_URL: api,
    });
    await run(gateway.part, STOP_MS.gateway);
    const mcp = `${gateway.url()}/mcp`;
    if (prepared !== null) {
      const doors = { ...prepared.relay, ROUNDHOUSE_COORDINATOR_URL: api, ROUNDHOUSE_MCP_URL: mcp };
      await run(servicePart('relay', options, null, { ...shared, ...doors }).part, STOP_MS.relay);
    }
    const launcher = servicePart('launcher', options, null, {
      ...shared,
      ...sandboxVariables(options.sandbox, prepared),
      ROUNDHOUSE_REDIS: redis,
      ROUNDHOUSE_COORDINATOR_URL: api,
      ROUNDHOUSE_MCP_URL: mcp,
      ROUNDHOUSE_LAUNCHER_TOKEN_FILE: paths.launcherToken,
      ROUNDHOUSE_SANDBOXES: paths.sandboxes,
      ROUNDHOUSE_RUNNER_MAIN: SERVICE_MAINS.runner,
      ROUNDHOUSE_SLOTS: String(options.slots),
      ROUNDHOUSE_ON_SHUTDOWN: 'stop',
    });
    await run(launcher.part, STOP_MS.launcher);
    return { api, mcp, operatorToken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The keys of model providers are for agents: the launcher alone hands them on. */
const withoutAgents = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('ROUNDHOUSE_AGENT_')));

/** One service as a part: the port that it found at its first start is the one that it gets at each later one. */
function servicePart(name: ServiceName, options: EmbeddedOptions, firstPort: number | null, own: NodeJS.ProcessEnv) {
  let port = firstPort;
  let url: string | null = null;
  const part: Part = {
    name,
    async start(signal) {
      const given = name === 'launcher' ? options.inherited : withoutAgents(options.inherited);
      const environment = { ...given, ...own, ...(port === null ? {} : { ROUNDHOUSE_PORT: String(port) }) };
      const running = await startServiceProcess({
        name,
        main: SERVICE_MAINS[name],
        environment,
        output: options.output,
        signal,
      });
      url ??= running.url;
      if (port !== null && url !== null) port = Number(new URL(url).port);
      return running;
    },
  };
  const knownUrl = (): string => {
    if (url === null) throw new Error(`${name} says no address`);
    return url;
  };
  return { part, url: knownUrl };
}

async function startPrivateRedis(
  { paths, say }: EmbeddedOptions,
  run: (part: Part, boundMs: number) => Promise<void>,
): Promise<string> {
  let connection = '';
  const quiet = (): void => undefined;
  const speak = (_fields: object, message: string): void => say(message);
  const log: Logger = { debug: quiet, info: speak, warn: speak, error: speak };
  const part: Part = {
    name: 'redis',
    async start(signal) {
      const server = await startRedis({ folder: paths.redis, log, signal });
      connection = server.connection;
      return { ended: server.ended.then(() => 'ended'), stop: () => server.stop() };
    },
  };
  await run(part, STOP_MS.total);
  return connection;
}

async function stopAll(
  started: readonly { readonly part: Supervised; readonly boundMs: number }[],
  { paths, signal, sandbox, dockerSocket }: EmbeddedOptions,
): Promise<string[]> {
  const deadline = performance.now() + STOP_MS.total;
  let left: string[] = [];
  // Whoever has no patience left gets all of it ended at once.
  const hurry = (): void => started.forEach(({ part }) => void part.stop(0));
  signal.addEventListener('abort', hurry, { once: true });
  for (const { part, boundMs } of started) {
    const budgetMs = signal.aborted ? 0 : Math.max(0, Math.min(boundMs, deadline - performance.now()));
    await part.stop(budgetMs);
    // The launcher is the first to go; what it did not end is ended here, before the coordinator goes.
    if (part === started[0]?.part) {
      const socket = sandbox.kind === 'docker' ? dockerSocket : null;
      left = await sweepSandboxes(paths.sandboxes, { graceMs: signal.aborted ? 0 : 500, socket });
    }
  }
  signal.removeEventListener('abort', hurry);
  return left;
}
