import { ENVIRONMENT_NAME, ImageName } from '@roundhouse/contracts';
import { z } from 'zod';

const Count = z.coerce.number().int();
const Text = z.string().min(1);

/** A runner that is a plain process gets these variables and no others: what the launcher knows is none of its business. */
const PASSED_ON = /^(?:PATH|HOME|LANG|LC_[A-Z]+|TZ|TERM|TMPDIR|NODE_EXTRA_CA_CERTS|SSL_CERT_[A-Z]+)$/;

/**
 * What an operator means for the agents, such as the key of a model provider, is named so and goes on under the rest of its
 * name: `ROUNDHOUSE_AGENT_ENV_ANTHROPIC_API_KEY=…`.
 */
const FOR_AGENTS = 'ROUNDHOUSE_AGENT_ENV_';

const Environment = z
  .object({
    ROUNDHOUSE_REDIS: Text,
    ROUNDHOUSE_COORDINATOR_URL: z.url(),
    ROUNDHOUSE_MCP_URL: z.url().optional().describe('Where runners find the gateway. Needed for plain processes.'),
    ROUNDHOUSE_LAUNCHER_TOKEN_FILE: Text,
    ROUNDHOUSE_SANDBOXES: Text.describe('The folder of the sandboxes.'),
    ROUNDHOUSE_SANDBOX_KIND: z.enum(['process', 'docker']).default('process'),
    ROUNDHOUSE_RUNNER_MAIN: Text.optional().describe('The runner’s main.js. Needed for plain processes.'),
    ROUNDHOUSE_DOCKER_SOCKET: Text.default('/var/run/docker.sock'),
    ROUNDHOUSE_IMAGE: ImageName.default('roundhouse-sandbox:0.1.0').describe('The image of who names none.'),
    ROUNDHOUSE_RUNNER_TREE: Text.optional().describe('The folder that has the runner and its Node. Needed for docker.'),
    ROUNDHOUSE_DOORS: Text.optional().describe(
      'The folder in which the relay opens each sandbox’s doors. Needed for docker.',
    ),
    ROUNDHOUSE_EGRESS: z
      .enum(['none', 'proxy'])
      .default('none')
      .describe('Whether sandboxes are told of the relay’s proxy, their only way to the world.'),
    ROUNDHOUSE_MOUNTS: z
      .enum(['auto', 'never'])
      .default('auto')
      .describe('Whether disks and worktrees of containers may be mounts.'),
    ROUNDHOUSE_SLOTS: Count.min(1).max(1_000).default(128).describe('How many sandboxes may be there at once.'),
    ROUNDHOUSE_STARTS: Count.min(1).max(64).default(4).describe('How many of them may be starting at once.'),
    ROUNDHOUSE_WARM_MIN: Count.min(0).max(1_000).default(0).describe('How many run ahead of attempts at least.'),
    ROUNDHOUSE_WARM_MAX: Count.min(0).max(1_000).default(0).describe('… and at most; 0: none.'),
    ROUNDHOUSE_RECYCLE: z
      .enum(['never', 'project'])
      .default('never')
      .describe(
        'never: a sandbox is used once. project: a warm one is used again by later attempts of the same project (a container fifty times at most, where the launcher is root), with its files taken away and its processes ended. What an attempt did to its runner otherwise, the next one of the project has to trust.',
      ),
    ROUNDHOUSE_AGENT_SECRETS_FILE: Text.optional().describe(
      'A file of lines NAME=value that agents get in their environment; read anew for each attempt.',
    ),
    ROUNDHOUSE_ON_SHUTDOWN: z.enum(['stop', 'leave']).default('stop'),
    ROUNDHOUSE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  })
  .superRefine((values, context) => {
    const needed =
      values.ROUNDHOUSE_SANDBOX_KIND === 'process'
        ? (['ROUNDHOUSE_RUNNER_MAIN', 'ROUNDHOUSE_MCP_URL'] as const)
        : (['ROUNDHOUSE_RUNNER_TREE', 'ROUNDHOUSE_DOORS'] as const);
    for (const name of needed) {
      if (values[name] !== undefined) continue;
      const message = `needed where ROUNDHOUSE_SANDBOX_KIND is ${values.ROUNDHOUSE_SANDBOX_KIND}`;
      context.addIssue({ code: 'custom', path: [name], message });
    }
    if (values.ROUNDHOUSE_WARM_MIN > values.ROUNDHOUSE_WARM_MAX) {
      context.addIssue({ code: 'custom', path: ['ROUNDHOUSE_WARM_MIN'], message: 'more than ROUNDHOUSE_WARM_MAX' });
    }
  });
type Values = z.infer<typeof Environment>;

export interface ProcessConfig {
  readonly kind: 'process';
  readonly mcpUrl: string;
  readonly runnerMain: string;
}

/** All folders are as the launcher sees them. */
export interface DockerConfig {
  readonly kind: 'docker';
  readonly socket: string;
  readonly image: string;
  readonly runnerTree: string;
  readonly doors: string;
  readonly egress: boolean;
  readonly mounts: 'auto' | 'never';
}

export interface Config {
  /** `redis://…`, `rediss://…` or the absolute path of a Unix socket. */
  readonly redis: string;
  readonly coordinatorUrl: string;
  readonly tokenFile: string;
  readonly sandboxes: string;
  readonly sandbox: ProcessConfig | DockerConfig;
  /** How many sandboxes may be there at once, warm ones included. */
  readonly slots: number;
  /** How many of them may be starting at once. */
  readonly starts: number;
  readonly warm: { readonly min: number; readonly max: number };
  /** Whether warm ones are used again within one project. */
  readonly recycle: boolean;
  readonly onShutdown: 'stop' | 'leave';
  readonly logLevel: string;
  /** What of our environment a runner gets. */
  readonly runnerEnvironment: Readonly<Record<string, string>>;
  /** What agents get, and where there is more of it. */
  readonly forAgents: { readonly own: Readonly<Record<string, string>>; readonly file: string | null };
}

/** Reads the configuration once. Throws a ZodError that names the variables. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const values = Environment.parse(environment);
  const passedOn = Object.entries(environment).filter(([name, value]) => PASSED_ON.test(name) && value !== undefined);
  return {
    redis: values.ROUNDHOUSE_REDIS,
    coordinatorUrl: values.ROUNDHOUSE_COORDINATOR_URL,
    tokenFile: values.ROUNDHOUSE_LAUNCHER_TOKEN_FILE,
    sandboxes: values.ROUNDHOUSE_SANDBOXES,
    sandbox: sandboxOf(values),
    slots: values.ROUNDHOUSE_SLOTS,
    starts: values.ROUNDHOUSE_STARTS,
    warm: { min: values.ROUNDHOUSE_WARM_MIN, max: values.ROUNDHOUSE_WARM_MAX },
    recycle: values.ROUNDHOUSE_RECYCLE === 'project',
    onShutdown: values.ROUNDHOUSE_ON_SHUTDOWN,
    logLevel: values.ROUNDHOUSE_LOG_LEVEL,
    runnerEnvironment: Object.fromEntries(passedOn) as Record<string, string>,
    forAgents: { own: forAgents(environment), file: values.ROUNDHOUSE_AGENT_SECRETS_FILE ?? null },
  };
}

const forAgents = (environment: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]): [string, string][] => {
      const own = name.startsWith(FOR_AGENTS) ? name.slice(FOR_AGENTS.length) : '';
      return ENVIRONMENT_NAME.test(own) && value !== undefined ? [[own, value]] : [];
    }),
  );

/** What is not there was refused already. */
function sandboxOf(values: Values): ProcessConfig | DockerConfig {
  if (values.ROUNDHOUSE_SANDBOX_KIND === 'process') {
    const { ROUNDHOUSE_MCP_URL: mcpUrl = '', ROUNDHOUSE_RUNNER_MAIN: runnerMain = '' } = values;
    return { kind: 'process', mcpUrl, runnerMain };
  }
  const { ROUNDHOUSE_RUNNER_TREE: runnerTree = '', ROUNDHOUSE_DOORS: doors = '' } = values;
  return {
    kind: 'docker',
    socket: values.ROUNDHOUSE_DOCKER_SOCKET,
    image: values.ROUNDHOUSE_IMAGE,
    runnerTree,
    doors,
    egress: values.ROUNDHOUSE_EGRESS === 'proxy',
    mounts: values.ROUNDHOUSE_MOUNTS,
  };
}
