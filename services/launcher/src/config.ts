import { z } from 'zod';

const Count = z.coerce.number().int();

/** A runner gets these variables and no others: what the launcher knows is none of its business. */
const PASSED_ON = /^(?:PATH|HOME|LANG|LC_[A-Z]+|TZ|TERM|TMPDIR|NODE_EXTRA_CA_CERTS|SSL_CERT_[A-Z]+)$/;

const Environment = z.object({
  ROUNDHOUSE_REDIS: z.string().min(1),
  ROUNDHOUSE_COORDINATOR_URL: z.url(),
  ROUNDHOUSE_MCP_URL: z.url(),
  ROUNDHOUSE_LAUNCHER_TOKEN_FILE: z.string().min(1),
  ROUNDHOUSE_SANDBOXES: z.string().min(1),
  ROUNDHOUSE_RUNNER_MAIN: z.string().min(1),
  ROUNDHOUSE_SLOTS: Count.min(1).max(1_000).default(128),
  ROUNDHOUSE_STARTS: Count.min(1).max(64).default(4),
  ROUNDHOUSE_ON_SHUTDOWN: z.enum(['stop', 'leave']).default('stop'),
  ROUNDHOUSE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

export interface Config {
  /** `redis://…`, `rediss://…` or the absolute path of a Unix socket. */
  readonly redis: string;
  readonly coordinatorUrl: string;
  readonly mcpUrl: string;
  readonly tokenFile: string;
  readonly sandboxes: string;
  readonly runnerMain: string;
  /** How many sandboxes may be there at once. */
  readonly slots: number;
  /** How many of them may be starting at once. */
  readonly starts: number;
  readonly onShutdown: 'stop' | 'leave';
  readonly logLevel: string;
  readonly runnerEnvironment: Readonly<Record<string, string>>;
}

/** Reads the configuration once. Throws a ZodError that names the variables. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const values = Environment.parse(environment);
  const passedOn = Object.entries(environment).filter(([name, value]) => PASSED_ON.test(name) && value !== undefined);
  return {
    redis: values.ROUNDHOUSE_REDIS,
    coordinatorUrl: values.ROUNDHOUSE_COORDINATOR_URL,
    mcpUrl: values.ROUNDHOUSE_MCP_URL,
    tokenFile: values.ROUNDHOUSE_LAUNCHER_TOKEN_FILE,
    sandboxes: values.ROUNDHOUSE_SANDBOXES,
    runnerMain: values.ROUNDHOUSE_RUNNER_MAIN,
    slots: values.ROUNDHOUSE_SLOTS,
    starts: values.ROUNDHOUSE_STARTS,
    onShutdown: values.ROUNDHOUSE_ON_SHUTDOWN,
    logLevel: values.ROUNDHOUSE_LOG_LEVEL,
    runnerEnvironment: Object.fromEntries(passedOn) as Record<string, string>,
  };
}
