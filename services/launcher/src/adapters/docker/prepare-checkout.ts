import { chown, mkdir } from 'node:fs/promises';
import { newConfigFile, writeConfig } from './box-file.ts';
import type { MakeCheckout } from './checkouts.ts';
import type { DockerBase } from './docker-parts.ts';
import { prepareName } from './names.ts';
import type { OneShots } from './one-shot.ts';
import { prepareConfig, readsConfig } from './runner-config.ts';

const PREPARE_MS = 600_000;
/** It is git that works here, on a repository of any size. */
const LIMITS = { memoryMb: 2_048, cpus: 2, pids: 256, diskMb: 1_048_576 };

/**
 * Makes prepared checkouts by a runner in mode prepare, in a container of its own: nothing trusted runs git on what
 * came from somebody else. It gets no door and no secret.
 */
export function checkoutMaker(oneShots: OneShots, parts: DockerBase): MakeCheckout {
  return async ({ folder, hubObjects, baseCommit, projectId }, signal) => {
    const { user, image } = parts;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (process.getuid?.() !== user.uid) await chown(folder, user.uid, user.gid);
    const file = newConfigFile();
    await writeConfig(folder, file, prepareConfig(baseCommit), user);
    const end = await oneShots.run(
      {
        kind: 'prepare',
        name: prepareName(projectId, baseCommit),
        slot: null,
        image,
        limits: LIMITS,
        argv: readsConfig(file),
        box: folder,
        seesMounts: false,
        // It is our own program that writes here, and the largest repository must fit.
        isDiskHeld: true,
        hubObjects,
        doorsOf: null,
        boundMs: PREPARE_MS,
      },
      parts,
      signal,
    );
    signal.throwIfAborted();
    if (end.exitCode === null) throw new Error(`the checkout was not there within ${PREPARE_MS} ms`);
    if (end.exitCode !== 0) throw new Error(`the runner ended with ${end.exitCode}: ${end.words.slice(-500)}`);
  };
}
