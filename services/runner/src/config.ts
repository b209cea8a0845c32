import { readFile, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { RunnerConfig } from '@roundhouse/contracts';
import { z } from 'zod';

/** What of the environment agents and git get to see; LC_* comes on top. */
const PASSED_ON = ['PATH', 'LANG', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'] as const;

const Environment = z.object({
  ROUNDHOUSE_SANDBOX: z.string().min(1),
  ROUNDHOUSE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

export interface Config {
  readonly run: RunnerConfig;
  readonly mark: string;
  readonly logLevel: string;
  readonly inherited: Readonly<Record<string, string>>;
}

/**
 * Reads `--config FILE` and the environment, once, and deletes the file: it holds the attempt's token.
 * @throws with words for a person where something is missing or wrong.
 */
export async function readConfig(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<Config> {
  const { values } = parseArgs({ args: [...argv], options: { config: { type: 'string' } } });
  if (values.config === undefined) throw new Error('usage: main.js --config FILE');
  const text = await readFile(values.config, 'utf8');
  await rm(values.config, { force: true });
  const run = RunnerConfig.parse(JSON.parse(text));
  const { ROUNDHOUSE_SANDBOX: mark, ROUNDHOUSE_LOG_LEVEL: logLevel } = Environment.parse(environment);
  return { run, mark, logLevel, inherited: passedOn(environment) };
}

function passedOn(environment: NodeJS.ProcessEnv): Record<string, string> {
  const names: readonly string[] = [...PASSED_ON, ...Object.keys(environment).filter((name) => name.startsWith('LC_'))];
  const entries = names.map((name) => [name, environment[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}
