import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const Flag = z.string().optional();
const Level = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info');

/** What the CLI reads of its environment, parsed once. Tokens come from here or from files, never from argv. */
const Environment = z.object({
  ROUNDHOUSE_URL: z.string().optional(),
  ROUNDHOUSE_TOKEN: z.string().optional(),
  ROUNDHOUSE_LOG_LEVEL: Level,
  REDIS_URL: z.string().optional(),
  XDG_DATA_HOME: z.string().optional(),
  NO_COLOR: Flag,
  CI: Flag,
});

export interface CliConfig {
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly logLevel: z.infer<typeof Level>;
  /** A Redis of the user's own, instead of the private one. */
  readonly redisUrl: string | undefined;
  /** Where data is kept unless --data says otherwise. */
  readonly dataFolder: string;
  readonly colour: boolean;
  /** Whether a terminal may be redrawn: a person looks at it. */
  readonly interactive: boolean;
  /** The environment that services and git are given: the caller's, without our own secrets. */
  readonly inherited: NodeJS.ProcessEnv;
}

const nonEmpty = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === '' ? undefined : text.trim();

export function readConfig(environment: NodeJS.ProcessEnv = process.env, terminal = process.stdout.isTTY): CliConfig {
  const parsed = Environment.parse(environment);
  const { ROUNDHOUSE_TOKEN: _token, REDIS_URL: _redis, ...inherited } = environment;
  const base = nonEmpty(parsed.XDG_DATA_HOME) ?? join(homedir(), '.local', 'share');
  return {
    url: nonEmpty(parsed.ROUNDHOUSE_URL),
    token: nonEmpty(parsed.ROUNDHOUSE_TOKEN),
    logLevel: parsed.ROUNDHOUSE_LOG_LEVEL,
    redisUrl: nonEmpty(parsed.REDIS_URL),
    dataFolder: resolve(base, 'roundhouse'),
    colour: terminal && nonEmpty(parsed.NO_COLOR) === undefined,
    interactive: terminal && nonEmpty(parsed.CI) === undefined,
    inherited,
  };
}
