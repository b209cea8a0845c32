import { z } from 'zod';

const Port = z.coerce.number().int().min(0).max(65_535);
const Level = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info');

/** The environment of the HTTP gateway. It holds no secret: every caller brings a token of its own. */
const Environment = z.object({
  ROUNDHOUSE_COORDINATOR_URL: z.url({ protocol: /^https?$/ }),
  ROUNDHOUSE_HOST: z.string().min(1).default('127.0.0.1'),
  ROUNDHOUSE_PORT: Port.default(0),
  ROUNDHOUSE_ALLOWED_HOSTS: z.string().default(''),
  ROUNDHOUSE_LOG_LEVEL: Level,
});

export interface GatewayConfig {
  readonly coordinatorUrl: string;
  readonly host: string;
  /** 0 is any free port. */
  readonly port: number;
  /** Host names, lower case and without ports, that the Host and Origin headers may carry. */
  readonly allowedHosts: readonly string[];
  readonly logLevel: z.infer<typeof Level>;
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
const WILDCARDS = ['0.0.0.0', '::', '[::]'];

export function readConfig(environment: NodeJS.ProcessEnv = process.env): GatewayConfig {
  const parsed = Environment.parse(environment);
  const named = parsed.ROUNDHOUSE_ALLOWED_HOSTS.split(',').map((name) => name.trim().toLowerCase());
  const own = WILDCARDS.includes(parsed.ROUNDHOUSE_HOST) ? [] : [bracketed(parsed.ROUNDHOUSE_HOST.toLowerCase())];
  return {
    coordinatorUrl: parsed.ROUNDHOUSE_COORDINATOR_URL,
    host: parsed.ROUNDHOUSE_HOST,
    port: parsed.ROUNDHOUSE_PORT,
    allowedHosts: [...new Set([...LOOPBACK, ...own, ...named.filter((name) => name !== '')])],
    logLevel: parsed.ROUNDHOUSE_LOG_LEVEL,
  };
}

/** The environment of the stdio entry. Secrets come from here or from a file, never from argv, which `ps` shows. */
const StdioEnvironment = z.object({
  ROUNDHOUSE_URL: z.string().optional(),
  ROUNDHOUSE_TOKEN: z.string().optional(),
  ROUNDHOUSE_DONE_TOKEN: z.string().optional(),
  ROUNDHOUSE_LOG_LEVEL: Level,
});
export type StdioEnvironment = z.infer<typeof StdioEnvironment>;

export const readStdioEnvironment = (environment: NodeJS.ProcessEnv = process.env): StdioEnvironment =>
  StdioEnvironment.parse(environment);

const bracketed = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);
