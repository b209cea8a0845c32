import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { type EgressRule, parseEgressRules } from './domain/egress-rules.ts';
import type { TcpAddress } from './sockets/dial.ts';

const HttpUrl = z.url({ protocol: /^https?$/ });

/** The environment of the relay. It holds no secret: the tokens that pass through it are its callers'. */
const Environment = z.object({
  ROUNDHOUSE_DOORS: z.string().refine(isAbsolute, 'not an absolute path'),
  ROUNDHOUSE_COORDINATOR_URL: HttpUrl,
  ROUNDHOUSE_MCP_URL: HttpUrl,
  ROUNDHOUSE_EGRESS_ALLOW: z
    .string()
    .default('')
    .transform((text, context) => {
      const { rules, faults } = parseEgressRules(text);
      for (const message of faults) context.addIssue({ code: 'custom', message });
      return rules;
    }),
  ROUNDHOUSE_RELAY_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(64)
    .max(100_000)
    .default(4_096)
    .describe('How many connections of all sandboxes may be open at once; a stalled one holds some 140 KiB.'),
  ROUNDHOUSE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

export interface RelayConfig {
  /** The folder that has a folder of doors for each slot. */
  readonly doors: string;
  readonly maxConnections: number;
  readonly coordinator: TcpAddress;
  readonly mcp: TcpAddress;
  /** None: nothing may be reached. */
  readonly egress: readonly EgressRule[];
  readonly logLevel: z.infer<typeof Environment>['ROUNDHOUSE_LOG_LEVEL'];
}

export function readConfig(environment: NodeJS.ProcessEnv = process.env): RelayConfig {
  const parsed = Environment.parse(environment);
  return {
    doors: parsed.ROUNDHOUSE_DOORS,
    maxConnections: parsed.ROUNDHOUSE_RELAY_CONNECTIONS,
    coordinator: addressOf(parsed.ROUNDHOUSE_COORDINATOR_URL),
    mcp: addressOf(parsed.ROUNDHOUSE_MCP_URL),
    egress: parsed.ROUNDHOUSE_EGRESS_ALLOW,
    logLevel: parsed.ROUNDHOUSE_LOG_LEVEL,
  };
}

function addressOf(text: string): TcpAddress {
  const { hostname, port, protocol } = new URL(text);
  const scheme = protocol === 'https:' ? 443 : 80;
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? scheme : Number(port) };
}
