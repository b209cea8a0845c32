import type { AgentExit, AgentTerminal, CursorPlace, Log, TerminalOrder, Terminals, Timers } from '../../ports.ts';
import type { Screen } from '../../domain/screen.ts';
import { findProgram } from './find-program.ts';
import { PtyProcess } from './pty-process.ts';
import { TerminalModel } from './terminal-model.ts';

/** Agents in terminals of node-pty, seen through a headless xterm. */
export class PtyTerminals implements Terminals {
  readonly #log: Log;

  readonly #timers: Timers;

  constructor(log: Log, timers: Timers) {
    this.#log = log;
    this.#timers = timers;
  }

  async spawn(order: TerminalOrder): Promise<AgentTerminal> {
    const [name = '', ...args] = order.argv;
    const [program] = await Promise.all([findProgram(name, order.env['PATH'] ?? '', order.cwd), order.after]);
    return await PtyTerminal.start({ ...order, program, args }, this.#log, this.#timers);
  }
}

class PtyTerminal implements AgentTerminal {
  readonly pid: number;
  readonly exited: Promise<AgentExit>;
  readonly #process: PtyProcess;
  readonly #model: TerminalModel;
  readonly #onTyped: (text: string) => void;

  private constructor(pty: PtyProcess, model: TerminalModel, onTyped: (text: string) => void) {
    this.#process = pty;
    this.#model = model;
    this.#onTyped = onTyped;
    this.pid = pty.pid;
    this.exited = pty.exited.then(async (exit) => {
      await model.settled();
      return exit;
    });
  }

  static async start(
    order: TerminalOrder & { program: string; args: readonly string[] },
    log: Log,
    timers: Timers,
  ): Promise<PtyTerminal> {
    const model = new TerminalModel(order, timers, {
      onStatus: order.onStatus,
      onTitle: order.onTitle,
      onSettled: order.onSettled,
      onReply: (text) => {
        pty.writer
          .write(text)
          .catch((error: Error) => log.warn({ reason: error.message }, 'a terminal reply was not taken'));
      },
      onPressure: (high) => (high ? pty.pause() : pty.resume()),
    });
    const onOutput = (data: Buffer): void => {
      order.onOutput(data);
      model.write(data);
    };
    const pty = await PtyProcess.start({ ...order, onOutput });
    return new PtyTerminal(pty, model, order.onTyped);
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
