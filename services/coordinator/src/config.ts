import { z } from 'zod';
import { NOTIFICATION_TIMES } from './domain/notification-times.ts';
import { DEFAULT_RATE_LIMITS, type Limited, type RateLimits } from './domain/rate-limits.ts';

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
    ROUNDHOUSE_AUDIT_ENTRIES: z.coerce.number().int().min(1_000).max(10_000_000).default(50_000),
    /** `off`, or what differs from the defaults, as requests in 10 s: `coordinator=20000,mobile=100`. */
    ROUNDHOUSE_RATE_LIMITS: z.string().default('').transform(rateLimitsIn),
    ROUNDHOUSE_EVENTS_HEARTBEAT_MS: z.coerce.number().int().min(100).max(60_000).default(15_000),
    ROUNDHOUSE_EVENTS_STALL_MS: z.coerce.number().int().min(100).max(600_000).default(30_000),
    /** Whether webhooks may go to this machine and its networks. */
    ROUNDHOUSE_WEBHOOK_PRIVATE: z.enum(['refuse', 'allow', '']).default('refuse'),
    ROUNDHOUSE_WEBHOOK_PAUSE_MS: z.coerce.number().int().min(10).max(3_600_000).default(5_000),
    ROUNDHOUSE_WEBHOOK_GIVE_UP_MS: z.coerce.number().int().min(0).max(604_800_000).default(86_400_000),
    ROUNDHOUSE_NOTIFY_URGENT_MS: z.coerce.number().int().min(10).max(60_000).default(NOTIFICATION_TIMES.urgentMs),
    ROUNDHOUSE_NOTIFY_AGAIN_MS: z.coerce.number().int().min(1_000).max(86_400_000).default(NOTIFICATION_TIMES.againMs),
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
    /** How many entries of the audit are kept. */
    auditEntries: env.ROUNDHOUSE_AUDIT_ENTRIES,
    rateLimits: env.ROUNDHOUSE_RATE_LIMITS,
    eventStream: { heartbeatMs: env.ROUNDHOUSE_EVENTS_HEARTBEAT_MS, stallMs: env.ROUNDHOUSE_EVENTS_STALL_MS },
    webhooks: {
      allowPrivate: env.ROUNDHOUSE_WEBHOOK_PRIVATE === 'allow',
      firstPauseMs: env.ROUNDHOUSE_WEBHOOK_PAUSE_MS,
      longestPauseMs: 3_600_000,
      giveUpMs: env.ROUNDHOUSE_WEBHOOK_GIVE_UP_MS,
    },
    notifications: { urgentMs: env.ROUNDHOUSE_NOTIFY_URGENT_MS, againMs: env.ROUNDHOUSE_NOTIFY_AGAIN_MS },
    maxRunning: typeof env.ROUNDHOUSE_MAX_RUNNING === 'number' ? env.ROUNDHOUSE_MAX_RUNNING : null,
    logLevel: env.ROUNDHOUSE_LOG_LEVEL,
    path: env.PATH,
  }));

function rateLimitsIn(text: string, context: z.RefinementCtx): RateLimits | null {
  if (text.trim() === 'off') return null;
  const changed: Partial<Record<Limited, number>> = {};
  for (const entry of namesIn(text)) {
    const [, who, count] = /^([a-z]+)=(\d{1,9})$/.exec(entry) ?? [];
    if (who === undefined || !(who in DEFAULT_RATE_LIMITS) || Number(count) < 1)
      context.addIssue({
        code: 'custom',
        message: `${entry} is none of ${Object.keys(DEFAULT_RATE_LIMITS).join(', ')}`,
      });
    else changed[who as Limited] = Number(count);
  }
  return { ...DEFAULT_RATE_LIMITS, ...changed };
}

const namesIn = (list: string): string[] =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

// Who is told an address may come by it.
const nameOf = (url: string | undefined): string[] => (url === undefined ? [] : [new URL(url).hostname]);

export type Config = z.infer<typeof Config>;

export const readConfig = (env: NodeJS.ProcessEnv): Config => Config.parse(env);
