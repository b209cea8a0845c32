import { randomBytes } from 'node:crypto';
import { constants as fsConstants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { constants as osConstants } from 'node:os';
import { ReadStream } from 'node:tty';
import type { AgentExit } from '../../ports.ts';
import { MarkFinder } from './end-of-output.ts';
import { loadNativePty } from './native-pty.ts';
import { TerminalWriter } from './terminal-writer.ts';

export interface PtyOrder {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly cols: number;
  readonly rows: number;
  readonly onOutput: (data: Buffer) => void;
}

/** How long the end of output may take to come through once the program is gone. */
const END_MS = 3_000;

/** A program in a terminal of its own. Output up to the program's exit is complete before `exited` resolves. */
export class PtyProcess {
  readonly pid: number;
  readonly exited: Promise<AgentExit>;
  readonly writer: TerminalWriter;
  readonly #reader: ReadStream;
  readonly #onOutput: (data: Buffer) => void;
  readonly #slave: FileHandle;
  #finder: MarkFinder | null = null;
  #markFound: () => void = () => undefined;
  #closed = false;

  private constructor(order: PtyOrder, forked: Forked, slave: FileHandle) {
    this.pid = forked.pid;
    this.#onOutput = order.onOutput;
    this.#slave = slave;
    this.writer = new TerminalWriter(forked.fd);
    this.#reader = new ReadStream(forked.fd);
    this.#reader.on('data', (data: Buffer) => this.#take(data));
    // Not expected while the other side is held; without it there is nothing more to come.
    this.#reader.on('error', () => this.#markFound());
    this.exited = forked.died.then(async (exit) => {
      await this.#drain();
      return exit;
    });
  }

  /**
   * Starts the program. The other side of its terminal is opened, and held, before the first byte is read: a master
   * without an open other side says that it has ended and throws the rest of the output away, also when the program is
   * quicker than we are.
   */
  static async start(order: PtyOrder): Promise<PtyProcess> {
    const forked = fork(order);
    const { O_RDWR, O_NOCTTY, O_NONBLOCK } = fsConstants;
    return new PtyProcess(order, forked, await open(forked.pty, O_RDWR | O_NOCTTY | O_NONBLOCK));
  }

  /** Stops taking output for as long as the reader of it is behind. */
  pause(): void {
    this.#reader.pause();
  }

  resume(): void {
    this.#reader.resume();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // In this order: a descriptor that is closed under a write may be another file's by then.
    void this.writer.close().then(() => this.#reader.destroy());
    void this.#slave.close();
  }

  #take(data: Buffer): void {
    if (this.#finder === null) return this.#onOutput(data);
    const { before, found } = this.#finder.push(data);
    if (found) this.#finder = null;
    if (before.length > 0) this.#onOutput(before);
    if (found) this.#markFound();
  }

  /**
   * Everything that the program printed is ahead of what is written now into the same terminal: a mark that nobody can
   * guess, taken out again on the way. Where the terminal does not take it (output stopped by Ctrl-S), a bound ends it.
   */
  async #drain(): Promise<void> {
    const mark = randomBytes(24).toString('hex');
    const finder = new MarkFinder(mark);
    this.#finder = finder;
    let timer: NodeJS.Timeout | undefined;
    const through = new Promise<void>((resolve) => {
      this.#markFound = resolve;
      timer = setTimeout(resolve, END_MS);
    });
    try {
      const slave = new TerminalWriter(this.#slave.fd);
      // The mark itself may have to wait for room, when a flood stands before it.
      await Promise.race([slave.write(mark).then(() => through), through]);
      void slave.close();
    } catch {
      // There is no other side to write into: what has come is what there is.
    } finally {
      clearTimeout(timer);
      const rest = finder.rest();
      if (this.#finder !== null && rest.length > 0) this.#onOutput(rest);
      this.#finder = null;
    }
  }
}

interface Forked {
  readonly fd: number;
  readonly pid: number;
  readonly pty: string;
  readonly died: Promise<AgentExit>;
}

function fork({ program, args, env, cwd, cols, rows }: PtyOrder): Forked {
  const native = loadNativePty();
  const words = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  let gone: (exit: AgentExit) => void = () => undefined;
  const died = new Promise<AgentExit>((resolve) => (gone = resolve));
  const exit = (code: number, signal: number): void => gone(exitOf(code, signal));
  return { ...native.fork(program, args, words, cwd, cols, rows, -1, -1, true, native.helperPath, exit), died };
}

function exitOf(code: number, signal: number): AgentExit {
  if (signal === 0) return { code, signal: null };
  const name = Object.entries(osConstants.signals).find(([, number]) => number === signal)?.[0];
  return { code: null, signal: name ?? `SIG${signal}` };
}
