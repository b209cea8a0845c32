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

const newToken = (role: 'operator' | 'launcher'): string =>
  `rh_${role}_${randomUUID().replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;

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
  readonly operator: ApiClient;
  readonly launcher: ApiClient;
  readonly projectId: string;
  readonly dataFolder: string;
  newOwner(projectId?: string): Promise<Owner>;
  /** Ends it and starts it anew on the same Redis, folder and port. */
  restart(changes?: Partial<Pick<Config, 'maxRunning'>>): Promise<void>;
  stop(): Promise<void>;
}

/** The real coordinator in this process, with a real Redis and a project of a real repository. */
export async function startedCoordinator(
  settings: Partial<Pick<Config, 'host' | 'publicUrl' | 'allowedHosts' | 'maxRunning'>> = {},
): Promise<StartedCoordinator> {
  const [redis, repository, folder] = await Promise.all([startTestRedis(), scratchRepository(), temporaryFolder()]);
  const tokens = { operator: newToken('operator'), launcher: newToken('launcher') };
  const files = { operator: join(folder.path, 'operator'), launcher: join(folder.path, 'launcher') };
  await writeFile(files.operator, tokens.operator);
  await writeFile(files.launcher, tokens.launcher);
  const dataFolder = join(folder.path, 'data');
  const log = pino({ level: 'silent' });
  const config: Config = {
    redis: redis.connection,
    dataFolder,
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    operatorTokenFile: files.operator,
    launcherTokenFile: files.launcher,
    allowedHosts: [],
    maxRunning: null,
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
    operator,
    launcher: new ApiClient({ baseUrl: url, token: tokens.launcher }),
    projectId: project.id,
    dataFolder,
    async newOwner(projectId = project.id) {
      const { coordinator, token } = await operator.call('createCoordinator', { name: 'owner', projectId });
      const client = new ApiClient({ baseUrl: url, token, coordinatorId: coordinator.id });
      return { id: coordinator.id, token, client };
    },
    async restart(changes = {}) {
      await service.stop();
      service = await startCoordinator({ ...config, ...changes, port: Number(new URL(url).port) }, log);
    },
    async stop() {
      await service.stop();
      await redis.stop();
      await repository.remove();
      await folder.remove();
    },
  };
}
