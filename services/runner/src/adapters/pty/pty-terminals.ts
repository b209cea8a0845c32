import type { AgentExit, AgentTerminal, CursorPlace, Log, TerminalOrder, Terminals } from '../../ports.ts';
import { findProgram } from './find-program.ts';
import { PtyProcess } from './pty-process.ts';
import { TerminalModel } from './terminal-model.ts';

/** Agents in terminals of node-pty, seen through a headless xterm. */
export class PtyTerminals implements Terminals {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  async spawn(order: TerminalOrder): Promise<AgentTerminal> {
    const [name = '', ...args] = order.argv;
    const [program] = await Promise.all([findProgram(name, order.env['PATH'] ?? '', order.cwd), order.after]);
    return await PtyTerminal.start({ ...order, program, args }, this.#log);
  }
}

class PtyTerminal implements AgentTerminal {
  readonly pid: number;
  readonly exited: Promise<AgentExit>;
  readonly #process: PtyProcess;
  readonly #model: TerminalModel;

  private constructor(pty: PtyProcess, model: TerminalModel) {
    this.#process = pty;
    this.#model = model;
    this.pid = pty.pid;
    this.exited = pty.exited.then(async (exit) => {
      await model.settled();
      return exit;
    });
  }

  static async start(
    order: TerminalOrder & { program: string; args: readonly string[] },
    log: Log,
  ): Promise<PtyTerminal> {
    const model = new TerminalModel(order, {
      onStatus: order.onStatus,
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
    return new PtyTerminal(pty, model);
  }

  write(text: string): Promise<void> {
    return this.#process.writer.write(text);
  }

  get bracketedPaste(): boolean {
    return this.#model.bracketedPaste;
  }

  get cursorLine(): string {
    return this.#model.cursorLine;
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
