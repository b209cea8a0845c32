import type { AgentExit, AgentTerminal, CursorPlace, Log, TerminalOrder, ReadyTerminals, Timers } from '../../ports.ts';
import type { Screen } from '../../domain/screen.ts';
import { findProgram } from './find-program.ts';
import { PtyProcess } from './pty-process.ts';
import { type TerminalSize, TerminalModel, emptyTerminal } from './terminal-model.ts';

/** Agents in terminals of node-pty, seen through a headless xterm. */
export class PtyTerminals implements ReadyTerminals {
  readonly #log: Log;

  readonly #timers: Timers;
  /** Made ahead, for the next one of its size. */
  #spare: { readonly size: TerminalSize; readonly terminal: ReturnType<typeof emptyTerminal> } | null = null;

  constructor(log: Log, timers: Timers) {
    this.#log = log;
    this.#timers = timers;
  }

  makeAhead(size: TerminalSize): void {
    this.#spare ??= { size, terminal: emptyTerminal(size) };
  }

  #empty(size: TerminalSize): ReturnType<typeof emptyTerminal> {
    const spare = this.#spare;
    if (spare === null || spare.size.cols !== size.cols || spare.size.rows !== size.rows) return emptyTerminal(size);
    this.#spare = null;
    return spare.terminal;
  }

  async spawn(order: TerminalOrder): Promise<AgentTerminal> {
    const [name = '', ...args] = order.argv;
    // Milliseconds of work that need not wait for what the program itself has to wait for.
    const prepared = new PreparedTerminal(order, this.#empty(order), this.#log, this.#timers);
    try {
      const [program] = await Promise.all([findProgram(name, order.env['PATH'] ?? '', order.cwd), order.after]);
      return await prepared.start({ ...order, program, args });
    } catch (error) {
      prepared.close();
      throw error;
    }
  }
}

/** A terminal whose program is not there yet. */
class PreparedTerminal {
  readonly #model: TerminalModel;
  #pty: PtyProcess | null = null;

  constructor(order: TerminalOrder, empty: ReturnType<typeof emptyTerminal>, log: Log, timers: Timers) {
    const listener = {
      onStatus: order.onStatus,
      onTitle: order.onTitle,
      onSettled: order.onSettled,
      onReply: (text: string): void => {
        this.#pty?.writer
          .write(text)
          .catch((error: Error) => log.warn({ reason: error.message }, 'a terminal reply was not taken'));
      },
      onPressure: (high: boolean): void => (high ? this.#pty?.pause() : this.#pty?.resume()),
    };
    this.#model = new TerminalModel(order, timers, listener, empty);
  }

  async start(order: TerminalOrder & { program: string; args: readonly string[] }): Promise<AgentTerminal> {
    const onOutput = (data: Buffer): void => {
      order.onOutput(data);
      this.#model.write(data);
    };
    this.#pty = await PtyProcess.start({ ...order, onOutput });
    return new PtyTerminal(this.#pty, this.#model, order.onTyped);
  }

  close(): void {
    this.#model.close();
  }
}

class PtyTerminal implements AgentTerminal {
  readonly pid: number;
  readonly exited: Promise<AgentExit>;
  readonly #process: PtyProcess;
  readonly #model: TerminalModel;
  readonly #onTyped: (text: string) => void;

  constructor(pty: PtyProcess, model: TerminalModel, onTyped: (text: string) => void) {
    this.#process = pty;
    this.#model = model;
    this.#onTyped = onTyped;
    this.pid = pty.pid;
    this.exited = pty.exited.then(async (exit) => {
      await model.settled();
      return exit;
    });
  }

  write(text: string): Promise<void> {
    this.#onTyped(text);
    return this.#process.writer.write(text);
  }

  get bracketedPaste(): boolean {
    return this.#model.bracketedPaste;
  }

  get view(): Screen {
    return this.#model.view;
  }

  async cursorPlace(): Promise<CursorPlace> {
    await this.#model.settled();
    return this.#model.cursorPlace();
  }

  get screen(): string {
    return this.#model.screen;
  }

  close(): void {
    this.#process.close();
    this.#model.close();
  }
}
