import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { TOKEN_PATTERN } from '@roundhouse/contracts';
import { writeFileAtomic } from '@roundhouse/host';
import type { DataPaths } from './data-folder.ts';
import { Failure } from './failure.ts';

const newToken = (role: 'operator' | 'launcher'): string =>
  `rh_${role}_${randomUUID().replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;

/** Makes the operator's and the launcher's token on the first start, reads the operator's one on every start. */
export async function ensureSecrets(paths: DataPaths): Promise<{ operatorToken: string }> {
  await mkdir(paths.secrets, { recursive: true, mode: 0o700 });
  await chmod(paths.secrets, 0o700); // mkdir's mode is subject to the umask, and an older folder keeps its own.
  const operatorToken = await ensureToken(paths.operatorToken, 'operator');
  await ensureToken(paths.launcherToken, 'launcher');
  return { operatorToken };
}

/**
 * Reads a token from a file.
 * @throws Failure where there is none
 */
export async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const hint = 'Start the service once with "roundhouse up", or name a token: ROUNDHOUSE_TOKEN or --token-file.';
    throw new Failure(`no token: ${path} cannot be read`, { hint, exitCode: 5, cause: error });
  });
  const token = text.trim();
  if (!TOKEN_PATTERN.test(token)) throw new Failure(`${path} holds no token`, { exitCode: 5 });
  return token;
}

async function ensureToken(path: string, role: 'operator' | 'launcher'): Promise<string> {
  try {
    await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await writeFileAtomic(path, `${newToken(role)}\n`, { mode: 0o600 });
  }
  return readToken(path);
}
