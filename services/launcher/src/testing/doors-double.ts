import { once } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { chmod, readdir, rename } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import { DOORS, LAST_DOOR, SlotName } from '@roundhouse/contracts';

/** Stands where the relay would: opens a door, behind which nobody is, in the folder of each slot that appears. */
export class DoorsDouble {
  readonly #folder: string;
  readonly #open = new Map<string, Promise<Server | null>>();
  #watcher: FSWatcher | null = null;
  /** One look after the other: with the names of a moment ago a door that was just opened would be closed. */
  #looking: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** As a relay that starts. */
  async start(): Promise<void> {
    this.#watcher = watch(this.#folder, () => void this.#look());
    await this.#look();
  }

  /** As one that is killed: the sockets stay, and nobody listens. */
  async stop(): Promise<void> {
    this.#watcher?.close();
    this.#watcher = null;
    const servers = await Promise.all(this.#open.values());
    this.#open.clear();
    for (const server of servers) server?.close();
  }

  #look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookNow());
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    const names = await readdir(this.#folder).catch((): string[] => []);
    for (const [slot, opened] of this.#open) {
      if (names.includes(slot)) continue;
      this.#open.delete(slot);
      (await opened)?.close();
    }
    for (const slot of names) {
      if (this.#watcher !== null && SlotName.safeParse(slot).success && !this.#open.has(slot))
        this.#open.set(slot, openIn(join(this.#folder, slot)));
    }
  }
}

/** Null where the folder has gone meanwhile. */
async function openIn(folder: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(join(folder, '.door'));
    await once(server, 'listening');
    await chmod(join(folder, '.door'), 0o666);
    await rename(join(folder, '.door'), join(folder, DOORS[LAST_DOOR].socket));
    return server;
  } catch {
    server.close();
    return null;
  }
}
