import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { ENVIRONMENT_NAME } from '@roundhouse/contracts';

/** What agents get in their environment: `own`, and over it what stands in the file now, so that a new key needs no restart. */
export function agentEnvironmentOf({
  own,
  file,
}: {
  readonly own: Readonly<Record<string, string>>;
  readonly file: string | null;
}): () => Promise<Readonly<Record<string, string>>> {
  return async () => (file === null ? own : { ...own, ...(await secretsIn(file)) });
}

/** Lines `NAME=value`, quoted or not, with comments (dotenv, as util.parseEnv reads it). What they say is in no error. */
async function secretsIn(file: string): Promise<Record<string, string>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`the agents’ secrets cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const entries = Object.entries(parseEnv(text)).filter(([, value]) => value !== undefined) as [string, string][];
  if (entries.every(([name]) => ENVIRONMENT_NAME.test(name))) return Object.fromEntries(entries);
  throw new Error(`the agents’ secrets in ${file} have a name that is none of a variable: letters, digits and _`);
}
