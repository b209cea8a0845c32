import { write } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const writeFd = promisify(write);

/** At most so long without a byte of progress: the program does not read its input, or is gone. */
const STALL_MS = 10_000;
const FIRST_PAUSE_MS = 1;
const LAST_PAUSE_MS = 16;

/**
 * Writes to the terminal's master, in order, however much it is. The kernel takes about 64 KiB and then answers EAGAIN
 * until the program reads; Node has no event for "a terminal can be written again" (its streams spin instead), so this is
 * the one place that tries again after a pause, which grows to 16 ms and starts anew with each byte of progress.
 */
export class TerminalWriter {
  readonly #fd: number;
  #tail: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Resolves when all of it is in the terminal; rejects after 10 s without progress or when the terminal closes. */
  write(text: string): Promise<void> {
    const written = this.#tail.then(() => this.#writeAll(Buffer.from(text, 'utf8')));
    this.#tail = written.catch(() => undefined);
    return written;
  }

  /** No write is under way after this has resolved, so that the descriptor can be closed. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let offset = 0;
    let pauseMs = FIRST_PAUSE_MS;
    let stalledSince = Date.now();
    while (offset < bytes.length) {
      if (this.#closed) throw new Error('the terminal is closed');
      const count = await this.#writeSome(bytes, offset);
      if (count > 0) {
        offset += count;
        pauseMs = FIRST_PAUSE_MS;
        stalledSince = Date.now();
        continue;
      }
      if (Date.now() - stalledSince >= STALL_MS) throw new Error(`the program has read nothing for ${STALL_MS} ms`);
      await delay(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
    }
  }

  async #writeSome(bytes: Uint8Array, offset: number): Promise<number> {
    try {
      return (await writeFd(this.#fd, bytes, offset)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  }
}
