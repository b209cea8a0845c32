import { readFile, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { RunnerConfig } from '@roundhouse/contracts';
import { z } from 'zod';

/** What of the environment agents and git get to see; LC_* comes on top. */
const PASSED_ON = ['PATH', 'LANG', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'] as const;

const Environment = z.object({
  ROUNDHOUSE_SANDBOX: z.string().min(1),
  ROUNDHOUSE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  TMPDIR: z.string().min(1).default('/tmp'),
});

/** What this process was started with, whatever attempt it gets. */
export interface Surroundings {
  readonly mark: string;
  readonly logLevel: string;
  readonly inherited: Readonly<Record<string, string>>;
  /** The folder for temporary files. */
  readonly temporary: string;
}

/** One order that stands in a file, or a socket over which orders will come. */
export type Config = Surroundings & ({ readonly run: RunnerConfig } | { readonly socket: string });

/**
 * Reads `--config FILE` or `--await SOCKET` and the environment, once. The file is deleted: it holds the attempt's token.
 * @throws with words for a person where something is missing or wrong.
 */
export async function readConfig(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<Config> {
  const options = { config: { type: 'string' }, await: { type: 'string' } } as const;
  const { config: file, await: socket } = parseArgs({ args: [...argv], options }).values;
  if ((file === undefined) === (socket === undefined)) throw new Error('usage: main.js --config FILE | --await SOCKET');
  const work = file === undefined ? { socket: String(socket) } : { run: await takeOrder(file) };
  const { ROUNDHOUSE_SANDBOX: mark, ROUNDHOUSE_LOG_LEVEL: logLevel, TMPDIR } = Environment.parse(environment);
  return {
    ...work,
    mark,
    logLevel,
    inherited: passedOn(environment),
    temporary: TMPDIR,
  };
}

async function takeOrder(file: string): Promise<RunnerConfig> {
  const text = await readFile(file, 'utf8');
  await rm(file, { force: true });
  return RunnerConfig.parse(JSON.parse(text));
}

function passedOn(environment: NodeJS.ProcessEnv): Record<string, string> {
  const names: readonly string[] = [...PASSED_ON, ...Object.keys(environment).filter((name) => name.startsWith('LC_'))];
  const entries = names.map((name) => [name, environment[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}
