import { randomBytes } from 'node:crypto';
import { access, chmod, chown, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunnerConfig } from '@roundhouse/contracts';

export interface SandboxUser {
  readonly uid: number;
  readonly gid: number;
}

/** A name that no agent could have taken before. */
export const newConfigFile = (): string => `config-${randomBytes(8).toString('hex')}.json`;

/**
 * Writes a runner's configuration into a box, for the sandbox's user and nobody else, in one step. An agent may have
 * been at work in there: nothing that it left is followed or opened, and the box itself is made usable again.
 */
export async function writeConfig(box: string, name: string, config: RunnerConfig, user: SandboxUser): Promise<void> {
  const isRoot = process.getuid?.() !== user.uid;
  // One that was made to be used again belongs to root; it is not used again now.
  if (isRoot) await chown(box, user.uid, user.gid);
  await chmod(box, 0o700);
  const whole = join(box, name);
  const half = `${whole}.tmp`;
  const file = await open(half, 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify(config));
    // Only root can give a file away; who is not root runs sandboxes as the user that he is himself.
    if (isRoot) await file.chown(user.uid, user.gid);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(half, whole);
}

export async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
