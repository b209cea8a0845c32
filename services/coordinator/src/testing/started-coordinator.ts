import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient } from '@roundhouse/contracts';
import {
  type ScratchRepository,
  type TestRedis,
  scratchRepository,
  startTestRedis,
  temporaryFolder,
} from '@roundhouse/testkit';
import { pino } from 'pino';
import { startCoordinator } from '../compose.ts';
import type { Config } from '../config.ts';
import { UNDOCUMENTED } from '../http/error-answers.ts';

const newToken = (role: 'operator' | 'launcher'): string =>
  `rh_${role}_${randomUUID().replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;

type Settings = Partial<
  Pick<
    Config,
    | 'host'
    | 'publicUrl'
    | 'allowedHosts'
    | 'rateLimits'
    | 'eventStream'
    | 'auditEntries'
    | 'maxRunning'
    | 'webhooks'
    | 'notifications'
  >
>;

export interface Owner {
  readonly id: string;
  readonly token: string;
  readonly client: ApiClient;
}

export interface StartedCoordinator {
  readonly url: string;
  readonly redis: TestRedis;
  readonly repository: ScratchRepository;
  readonly operatorToken: string;
  readonly launcherToken: string;
  readonly operator: ApiClient;
  readonly launcher: ApiClient;
  readonly projectId: string;
  readonly dataFolder: string;
  /** What the service has logged as an error so far, a line each. */
  readonly errors: readonly string[];
  newOwner(projectId?: string): Promise<Owner>;
  /** A second coordinator on the same Redis and folder, which shares nothing else with the first. */
  another(settings?: Settings): Promise<{ url: string; stop(): Promise<void> }>;
  /** Ends it and starts it anew on the same Redis, folder and port. */
  restart(changes?: Partial<Pick<Config, 'maxRunning' | 'webhooks'>>): Promise<void>;
  stop(): Promise<void>;
}

/** The real coordinator in this process, with a real Redis and a project of a real repository. */
export async function startedCoordinator(settings: Settings = {}): Promise<StartedCoordinator> {
  const [redis, repository, folder] = await Promise.all([startTestRedis(), scratchRepository(), temporaryFolder()]);
  const tokens = { operator: newToken('operator'), launcher: newToken('launcher') };
  const files = { operator: join(folder.path, 'operator'), launcher: join(folder.path, 'launcher') };
  await writeFile(files.operator, tokens.operator);
  await writeFile(files.launcher, tokens.launcher);
  const dataFolder = join(folder.path, 'data');
  const errors: string[] = [];
  // Every test is one of the contract too: a code that an operation does not name must not come out of it.
  const log = pino({ level: 'error' }, { write: (line: string) => void errors.push(line) });
  const config: Config = {
    redis: redis.connection,
    dataFolder,
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    operatorTokenFile: files.operator,
    launcherTokenFile: files.launcher,
    allowedHosts: [],
    auditEntries: 10_000,
    // Whoever tests these says so; all others are not to meet them.
    rateLimits: null,
    eventStream: { heartbeatMs: 15_000, stallMs: 30_000 },
    maxRunning: null,
    webhooks: { allowPrivate: true, firstPauseMs: 5_000, longestPauseMs: 3_600_000, giveUpMs: 86_400_000 },
    notifications: { urgentMs: 5_000, againMs: 300_000 },
    logLevel: 'silent',
    path: process.env['PATH'] ?? '',
    ...settings,
  };
  let service = await startCoordinator(config, log);
  const { url } = service;
  const operator = new ApiClient({ baseUrl: url, token: tokens.operator });
  const project = await operator.call('createProject', { path: repository.path });
  return {
    url,
    redis,
    repository,
    operatorToken: tokens.operator,
    launcherToken: tokens.launcher,
    operator,
    launcher: new ApiClient({ baseUrl: url, token: tokens.launcher }),
    projectId: project.id,
    dataFolder,
    errors,
    async newOwner(projectId = project.id) {
      const { coordinator, token } = await operator.call('createCoordinator', { name: 'owner', projectId });
      const client = new ApiClient({ baseUrl: url, token, coordinatorId: coordinator.id });
      return { id: coordinator.id, token, client };
    },
    another: (more = {}) => startCoordinator({ ...config, port: 0, ...more }, log),
    async restart(changes = {}) {
      await service.stop();
      service = await startCoordinator({ ...config, ...changes, port: Number(new URL(url).port) }, log);
    },
    async stop() {
      await service.stop();
      await redis.stop();
      await repository.remove();
      await folder.remove();
      const breaches = errors.filter((line) => line.includes(UNDOCUMENTED));
      if (breaches.length > 0) throw new Error(breaches.join(''));
    },
  };
}
