import { z } from 'zod';

/** The name of a launcher's place for one sandbox, and of the folder that has that sandbox's doors. */
export const SlotName = z.string().regex(/^[0-9a-f]{12}$/);
export type SlotName = z.infer<typeof SlotName>;

/** As long as every slot's name is: what paths below a slot are measured with. */
export const SLOT_NAME_LENGTH = 12;

/**
 * The ways out of a sandbox without a network. The relay opens `socket` in the folder of the sandbox's slot, which the
 * launcher mounts into the sandbox, where the runner listens on `port` of 127.0.0.1 and puts through to the socket.
 */
export const DOORS = {
  coordinator: { socket: 'coordinator.sock', port: 7400 },
  mcp: { socket: 'mcp.sock', port: 7401 },
  egress: { socket: 'egress.sock', port: 7402 },
} as const;
export type DoorName = keyof typeof DOORS;

/** The door without which no runner can do anything. The relay opens it last: where it is, the others are. */
export const LAST_DOOR = 'coordinator' satisfies DoorName;
