import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { moveAtomic } from '@roundhouse/host';
import { LineAllowance } from '../domain/line-allowance.ts';
import type { Logger } from '../logger.ts';
import { DOOR_BEING_MADE } from './doors-folder.ts';

/** How long a stop lets connections end by themselves, milliseconds. */
const DRAIN_MS = 500;

export interface DoorOptions {
  readonly folder: string;
  /** The socket's name in the folder. */
  readonly name: string;
  /** One more is closed at once. */
  readonly maxConnections: number;
  readonly log: Logger;
}

export interface OpenDoor {
  /** Takes no more, lets what is open end for half a second, then ends it. */
  close(): Promise<void>;
}

/**
 * Opens a server on a Unix socket that every user of the sandboxes may connect to. It listens before it takes the name,
 * so a connect finds the socket of the earlier relay or this one and never nothing. The name stays when the door is
 * closed: removing it could remove a successor's, and a socket that nobody listens on refuses as fast.
 */
export async function openDoor(server: Server, options: DoorOptions): Promise<OpenDoor> {
  const { folder, name, maxConnections, log } = options;
  const sockets = new Set<Socket>();
  server.maxConnections = maxConnections;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
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
  reportDrops(server, options);
  return {
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      const drained = setTimeout(() => sockets.forEach((socket) => socket.destroy()), DRAIN_MS);
      await closed;
      clearTimeout(drained);
    },
  };
}

/** One line a second at most, however many are turned away. */
function reportDrops(server: Server, { name, maxConnections, log }: DoorOptions): void {
  const lines = new LineAllowance(1);
  server.on('drop', () => {
    const leftOut = lines.take(Date.now());
    if (leftOut !== null) log.warn({ door: name, maxConnections, leftOut }, 'a door is full; a connection was closed');
  });
}
