import { execFile } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Failure } from '../failure.ts';
import { mountedFolders } from './mounted-folders.ts';

const SCRIPT = fileURLToPath(new URL('../../../../scripts/runner-tree.mjs', import.meta.url));
const TIMEOUT_MS = 60_000;
const run = promisify(execFile);

/**
 * The folder that is mounted into containers, with Node and the runner in it, made in `into` under the hash of its
 * content. Those of earlier versions are removed, but for what containers run from still. Only the owner of the data
 * folder may call it. Answers the tree's path.
 */
export async function ensureRunnerTree(
  into: string,
  parts: { readonly socket: string; readonly environment: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<string> {
  await mkdir(into, { recursive: true, mode: 0o755 });
  const tree = await makeTree(into, parts);
  const used = await mountedFolders(parts.socket, parts.signal);
  const others = (await readdir(into)).map((name) => join(into, name)).filter((path) => path !== tree);
  await Promise.all(others.filter((path) => !used.has(path)).map((path) => rm(path, { recursive: true, force: true })));
  return tree;
}

async function makeTree(
  into: string,
  { environment, signal }: { readonly environment: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<string> {
  const options = { env: environment, timeout: TIMEOUT_MS, signal };
  try {
    return (await run(process.execPath, [SCRIPT, '--into', into], options)).stdout.trim();
  } catch (error) {
    signal.throwIfAborted();
    const said = (error as { stderr?: string }).stderr?.trim() ?? '';
    const words = said === '' ? String(error) : said;
    const hint = 'Build the project first: npm run build.';
    throw new Failure(`the runner for containers could not be made: ${words}`, { hint, cause: error });
  }
}
