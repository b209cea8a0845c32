import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const Flag = z.string().optional();
const Level = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info');

/** What the CLI reads of its environment, parsed once. Tokens come from here or from files, never from argv. */
const Environment = z.object({
  ROUNDHOUSE_URL: z.string().optional(),
  ROUNDHOUSE_MCP_URL: z.string().optional(),
  ROUNDHOUSE_TOKEN: z.string().optional(),
  ROUNDHOUSE_TOKEN_FILE: z.string().optional(),
  ROUNDHOUSE_DOCKER_SOCKET: z.string().optional(),
  ROUNDHOUSE_LOG_LEVEL: Level,
  REDIS_URL: z.string().optional(),
  DOCKER_HOST: z.string().optional(),
  HOME: z.string().optional(),
  XDG_DATA_HOME: z.string().optional(),
  XDG_CONFIG_HOME: z.string().optional(),
  CODEX_HOME: z.string().optional(),
  CLAUDE_CONFIG_DIR: z.string().optional(),
  APPDATA: z.string().optional(),
  NO_COLOR: Flag,
  CI: Flag,
});

export interface CliConfig {
  readonly url: string | undefined;
  readonly mcpUrl: string | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  /** Where the Docker engine listens. */
  readonly dockerSocket: string;
  readonly logLevel: z.infer<typeof Level>;
  /** A Redis of the user's own, instead of the private one. */
  readonly redisUrl: string | undefined;
  /** Where data is kept unless --data says otherwise. */
  readonly dataFolder: string;
  /** Where MCP clients keep their settings, where their users moved them. */
  readonly settings: {
    readonly home: string;
    readonly xdgConfig: string | undefined;
    readonly codexHome: string | undefined;
    readonly claudeFolder: string | undefined;
    readonly appData: string | undefined;
  };
  readonly colour: boolean;
  /** Whether a terminal may be redrawn: a person looks at it. */
  readonly interactive: boolean;
  /** The environment that services and git are given: the caller's, without our own secrets. */
  readonly inherited: NodeJS.ProcessEnv;
}

const nonEmpty = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === '' ? undefined : text.trim();

const DOCKER_SOCKET = '/var/run/docker.sock';

/** The engine must be on this machine: folders of it are mounted into containers. */
const socketOf = (host: string | undefined): string | undefined => /^unix:\/\/(\/.+)$/.exec(host ?? '')?.[1];

/** Where standard output is no terminal, Node says undefined, whatever its types say. */
const isTerminal = (isTTY: boolean | undefined): boolean => isTTY === true;

export function readConfig(
  environment: NodeJS.ProcessEnv = process.env,
  terminal = isTerminal(process.stdout.isTTY),
): CliConfig {
  const parsed = Environment.parse(environment);
  const { ROUNDHOUSE_TOKEN: _token, ROUNDHOUSE_TOKEN_FILE: _file, REDIS_URL: _redis, ...inherited } = environment;
  const home = nonEmpty(parsed.HOME) ?? homedir();
  const data = nonEmpty(parsed.XDG_DATA_HOME) ?? join(home, '.local', 'share');
  return {
    url: nonEmpty(parsed.ROUNDHOUSE_URL),
    mcpUrl: nonEmpty(parsed.ROUNDHOUSE_MCP_URL),
    token: nonEmpty(parsed.ROUNDHOUSE_TOKEN),
    tokenFile: nonEmpty(parsed.ROUNDHOUSE_TOKEN_FILE),
    dockerSocket: nonEmpty(parsed.ROUNDHOUSE_DOCKER_SOCKET) ?? socketOf(nonEmpty(parsed.DOCKER_HOST)) ?? DOCKER_SOCKET,
    logLevel: parsed.ROUNDHOUSE_LOG_LEVEL,
    redisUrl: nonEmpty(parsed.REDIS_URL),
    dataFolder: resolve(data, 'roundhouse'),
    settings: {
      home,
      xdgConfig: nonEmpty(parsed.XDG_CONFIG_HOME),
      codexHome: nonEmpty(parsed.CODEX_HOME),
      claudeFolder: nonEmpty(parsed.CLAUDE_CONFIG_DIR),
      appData: nonEmpty(parsed.APPDATA),
    },
    colour: terminal && nonEmpty(parsed.NO_COLOR) === undefined,
    interactive: terminal && nonEmpty(parsed.CI) === undefined,
    inherited,
  };
}
