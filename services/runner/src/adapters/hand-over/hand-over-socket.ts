import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type Server, type Socket, createServer } from 'node:net';
import { LauncherHandOver, MAX_HAND_OVER_LINE, type RunnerHandOver } from '@roundhouse/contracts';
import { LineReader } from './line-reader.ts';

/**
 * The runner's side of the hand-over (contracts/hand-over.ts). It listens only while it waits for an attempt: what runs
 * in the sandbox during one could otherwise speak to it as if it were the launcher.
 */
export class HandOverSocket {
  #server: Server | null = null;
  #connection: Socket | null = null;
  #isReady = false;
  #take: ((order: LauncherHandOver) => void) | null = null;

  /** Listens on a Unix socket of mode 0600. A stale one is replaced. */
  async listen(path: string): Promise<void> {
    await rm(path, { force: true });
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    // The socket has its mode from the moment that it is there: bind(2), within this call, obeys the mask.
    const mask = process.umask(0o177);
    try {
      server.listen(path);
    } finally {
      process.umask(mask);
    }
    await once(server, 'listening');
  }

  /** Says `ready` to who is connected and to who will be; the first order that comes is it, and no other is taken. */
  async nextOrder(signal: AbortSignal): Promise<LauncherHandOver | null> {
    if (signal.aborted) return null;
    const order = await new Promise<LauncherHandOver | null>((resolve) => {
      this.#take = resolve;
      signal.addEventListener('abort', () => resolve(null), { once: true });
      this.#isReady = true;
      this.#sayReady();
    });
    this.#isReady = false;
    this.#take = null;
    this.#server?.close();
    this.#server = null;
    return order;
  }

  /** Tells whoever is connected; nobody is owed it. */
  say(message: RunnerHandOver): void {
    this.#connection?.write(`${JSON.stringify(message)}\n`);
  }

  close(): void {
    this.#server?.close();
    this.#connection?.destroy();
  }

  #sayReady(): void {
    this.say({ type: 'ready', pid: process.pid });
  }

  /** One connection at a time: a launcher that connects anew has lost the one before. */
  #accept(socket: Socket): void {
    this.#connection?.destroy();
    this.#connection = socket;
    const lines = new LineReader(MAX_HAND_OVER_LINE);
    socket.on('data', (data: Buffer) => {
      const found = lines.push(data);
      if (found === null) return socket.destroy();
      for (const line of found) this.#read(line);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#connection === socket) this.#connection = null;
    });
    if (this.#isReady) this.#sayReady();
  }

  #read(line: string): void {
    const order = readOrder(line);
    if (typeof order === 'string') return this.say({ type: 'refused', reason: order });
    if (this.#take === null) return this.say({ type: 'refused', reason: 'this runner has an attempt' });
    this.#take(order);
    this.#take = null;
  }
}

/** The order in a line, or what is wrong with it; never what stands in it. */
export function readOrder(line: string): LauncherHandOver | string {
  try {
    const result = LauncherHandOver.safeParse(JSON.parse(line));
    if (result.success) return result.data;
    const issues = result.error.issues.map(({ path, code }) => `${path.join('.')}: ${code}`);
    return `this is no order of the protocol: ${issues.join(', ')}`.slice(0, 1_000);
  } catch {
    return 'this is no line of JSON';
  }
}
