import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DOORS, LAST_DOOR } from '@roundhouse/contracts';
import type { OpenDoor } from './door.ts';

/** A folder of the relay's own beside those of the slots: no sandbox sees it. */
const OWN = 'own';

export interface OwnDoor extends OpenDoor {
  /** Whether another relay has put its own door in the place of this one. */
  isReplaced(): Promise<boolean>;
}

/**
 * Opens a door to the coordinator that is no sandbox's: who asks after the relay's health asks through it, as a sandbox
 * would. It also is how a relay sees that another one was started in the same folder: the later one goes on alone.
 */
export async function openOwnDoor(
  doors: string,
  open: (folder: string, slot: string, names: (typeof LAST_DOOR)[]) => Promise<OpenDoor>,
): Promise<OwnDoor> {
  const folder = join(doors, OWN);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const door = await open(folder, OWN, [LAST_DOOR]);
  const path = join(folder, DOORS[LAST_DOOR].socket);
  const { ino } = await lstat(path);
  return {
    close: (drainMs) => door.close(drainMs),
    isReplaced: async () => {
      const found = await lstat(path).catch(() => null);
      return found !== null && found.ino !== ino;
    },
  };
}
