import type { Server } from 'node:net';
import { DOORS, type DoorName, LAST_DOOR } from '@roundhouse/contracts';
import type { ConnectionBudget } from '../domain/connection-budget.ts';
import { LineAllowance } from '../domain/line-allowance.ts';
import type { Logger } from '../logger.ts';
import { type OpenDoor, openDoor } from './door.ts';
import { removeLeftOvers } from './doors-folder.ts';

/**
 * How many connections one sandbox may hold at each of its doors. The coordinator's carries the runner's link, its git
 * and the agent's calls, ten at most; a wait over MCP holds one each, and package managers open a hundred at once. One at
 * whose end nobody reads costs some 140 KiB, so a sandbox that does its worst costs the relay 90 MiB.
 */
const MOST: Readonly<Record<DoorName, number>> = { coordinator: 128, mcp: 256, egress: 256 };

/** Makes the server behind one door of one slot. */
export type Ways = Readonly<Record<DoorName, () => Server>>;

export interface SlotDoorsParts {
  readonly ways: Ways;
  readonly budget: ConnectionBudget;
  readonly log: Logger;
}

/** Answers what opens the doors of a slot in its folder: all of them, or those that are named. */
export function doorOpener({ ways, budget, log }: SlotDoorsParts) {
  // One line a second at most over all doors: what a sandbox can cause must not fill the disk.
  const lines = new LineAllowance(1);
  return async (folder: string, slot: string, names = Object.keys(DOORS) as DoorName[]): Promise<OpenDoor> => {
    await removeLeftOvers(folder);
    const share = budget.openSlot();
    const doors: OpenDoor[] = [];
    const close = async (drainMs: number): Promise<void> => {
      await Promise.all(doors.splice(0).map((door) => door.close(drainMs)));
      share.close();
    };
    const open = async (door: DoorName): Promise<void> => {
      const turnedAway = (why: string): void => {
        const leftOut = lines.take(Date.now());
        if (leftOut !== null) log.warn({ slot, door, why, leftOut }, 'a connection of a sandbox was turned away');
      };
      const options = { folder, name: DOORS[door].socket, maxConnections: MOST[door], share, turnedAway, log };
      doors.push(await openDoor(ways[door](), options));
    };
    try {
      for (const name of names) if (name !== LAST_DOOR) await open(name);
      if (names.includes(LAST_DOOR)) await open(LAST_DOOR);
    } catch (error) {
      await close(0);
      throw error;
    }
    return { close };
  };
}
