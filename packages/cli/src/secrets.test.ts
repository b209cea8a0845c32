import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOKEN_PATTERN } from '@roundhouse/contracts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dataPaths } from './data-folder.ts';
import { ensureSecrets, readToken } from './secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('C-9: tokens are made once, in the house’s form, for their owner’s eyes only whatever the umask', async () => {
  const paths = dataPaths(folder);
  const { operatorToken } = await ensureSecrets(paths);
  expect(operatorToken).toMatch(TOKEN_PATTERN);
  expect((await readFile(paths.launcherToken, 'utf8')).trim()).toMatch(/^rh_launcher_/);
  expect((await stat(paths.secrets)).mode & 0o777).toBe(0o700);
  for (const file of [paths.operatorToken, paths.launcherToken]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await ensureSecrets(paths)).toEqual({ operatorToken });
});

it('C-9: an absent token is a refusal with a hint', async () => {
  await expect(readToken(join(folder, 'none'))).rejects.toMatchObject({
    exitCode: 5,
    hint: expect.stringContaining('roundhouse up') as string,
  });
});
