import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { moveAtomic } from '@roundhouse/host';
import type { Share } from '../domain/connection-budget.ts';
import type { Logger } from '../logger.ts';
import { DOOR_BEING_MADE } from './doors-folder.ts';

/** The first may be the rest of one in which the system had been asked already. */
const QUIET_TURNS = 3;
const MOST_TURNS = 100;

export interface DoorOptions {
  readonly folder: string;
  /** The socket's name in the folder. */
  readonly name: string;
  /** One more is closed at once. */
  readonly maxConnections: number;
  /** What its slot holds, counted with that of all others. */
  readonly share: Pick<Share, 'enter' | 'leave'>;
  /** Called for each connection that is closed at once, with the reason. */
  readonly turnedAway: (why: string) => void;
  readonly log: Logger;
}

export interface OpenDoor {
  /** Takes no more, lets what is open end by itself for so long, milliseconds, then ends it. */
  close(drainMs: number): Promise<void>;
}

/**
 * Opens a server on a Unix socket that every user may connect to. It listens before it takes the name, so a connect finds
 * the socket of the earlier relay or this one and never nothing. The name stays when the door is closed: removing it
 * could remove a successor's, and a socket that nobody listens on refuses as fast.
 */
export async function openDoor(server: Server, options: DoorOptions): Promise<OpenDoor> {
  const { folder, name, maxConnections, share, turnedAway, log } = options;
  const sockets = new Set<Socket>();
  server.maxConnections = maxConnections;
  server.on('drop', () => turnedAway(`the door has its ${maxConnections} connections`));
  // Before the server's own listener, which sees a socket that may not come in as one that is gone already.
  server.prependListener('connection', (socket: Socket) => {
    if (!share.enter()) {
      turnedAway('the relay has no room for more of this sandbox');
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      share.leave();
    });
  });
  const temporary = join(folder, `${DOOR_BEING_MADE}${randomBytes(4).toString('hex')}`);
  try {
    server.listen(temporary);
    await once(server, 'listening');
    await chmod(temporary, 0o666);
    if ((await moveAtomic(temporary, join(folder, name))) !== 'moved') throw new Error(`${name} could not be placed`);
  } catch (error) {
    server.close();
    await rm(temporary, { force: true });
    throw error;
  }
  server.on('error', (error) => log.error({ err: error, door: name }, 'a door failed'));
  return {
    close: async (drainMs) => {
      if (drainMs > 0) await waitingTaken(server);
      const closed = once(server, 'close');
      server.close();
      const end = (): void => sockets.forEach((socket) => socket.destroy());
      const drained = setTimeout(end, drainMs);
      if (drainMs === 0) end();
      await closed;
      clearTimeout(drained);
    },
  };
}

/**
 * Who has connected while another relay took the name still waits to be taken in; a close would reset it. The system
 * does not say that nobody waits: turns of the loop in which nobody came do, and there are not many of them.
 */
async function waitingTaken(server: Server): Promise<void> {
  let quiet = 0;
  const came = (): void => void (quiet = 0);
  server.on('connection', came);
  for (let turn = 0; turn < MOST_TURNS && quiet < QUIET_TURNS; turn += 1) {
    quiet += 1;
    await setImmediate();
  }
  server.off('connection', came);
}
