import { z } from 'zod';

/** All settings of this service. `ROUNDHOUSE_REDIS` is a redis:// or rediss:// URL, or the path of a Unix socket. */
const Config = z
  .object({
    ROUNDHOUSE_REDIS: z.string().min(1),
    ROUNDHOUSE_DATA: z.string().min(1),
    ROUNDHOUSE_HOST: z.string().default('127.0.0.1'),
    ROUNDHOUSE_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
    ROUNDHOUSE_PUBLIC_URL: z.url().optional(),
    ROUNDHOUSE_OPERATOR_TOKEN_FILE: z.string().min(1),
    ROUNDHOUSE_LAUNCHER_TOKEN_FILE: z.string().min(1),
    ROUNDHOUSE_ALLOWED_HOSTS: z.string().default(''),
    // Compose hands over an empty text where nothing is set.
    ROUNDHOUSE_MAX_RUNNING: z.literal('').or(z.coerce.number().int().min(1).max(100_000)).optional(),
    ROUNDHOUSE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    PATH: z.string().default('/usr/bin:/bin'),
  })
  .transform((env) => ({
    redis: env.ROUNDHOUSE_REDIS,
    dataFolder: env.ROUNDHOUSE_DATA,
    host: env.ROUNDHOUSE_HOST,
    port: env.ROUNDHOUSE_PORT,
    publicUrl: env.ROUNDHOUSE_PUBLIC_URL ?? null,
    operatorTokenFile: env.ROUNDHOUSE_OPERATOR_TOKEN_FILE,
    launcherTokenFile: env.ROUNDHOUSE_LAUNCHER_TOKEN_FILE,
    allowedHosts: [...namesIn(env.ROUNDHOUSE_ALLOWED_HOSTS), ...nameOf(env.ROUNDHOUSE_PUBLIC_URL)],
    maxRunning: typeof env.ROUNDHOUSE_MAX_RUNNING === 'number' ? env.ROUNDHOUSE_MAX_RUNNING : null,
    logLevel: env.ROUNDHOUSE_LOG_LEVEL,
    path: env.PATH,
  }));

const namesIn = (list: string): string[] =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

// Who is told an address may come by it.
const nameOf = (url: string | undefined): string[] => (url === undefined ? [] : [new URL(url).hostname]);

export type Config = z.infer<typeof Config>;

export const readConfig = (env: NodeJS.ProcessEnv): Config => Config.parse(env);
