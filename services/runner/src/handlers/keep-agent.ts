import type { Desired, RunnerEvent } from '@roundhouse/contracts';
import { afterDeath } from '../domain/agent-exit.ts';
import type { AdapterOf, AgentAdapter, AgentExit, AgentTerminal, Log, Now, Terminals, Timers } from '../ports.ts';
import { AgentDesks } from './agent-desks.ts';
import { untilAborted } from './bounds.ts';
import type { LatestWish } from './latest-wish.ts';
import { type AgentOrder, startAgent } from './start-agent.ts';

export interface KeepPorts {
  readonly adapterOf: AdapterOf;
  readonly terminals: Terminals;
  readonly now: Now;
  readonly timers: Timers;
  readonly log: Log;
  readonly report: (event: RunnerEvent) => void;
  readonly output: (data: Uint8Array) => void;
  /** Whether a limit of the sandbox was behind this exit, which is told by then: starting again would meet it again. */
  readonly isLimit: (exit: AgentExit) => Promise<boolean>;
  /** Ends what a dead program has left running; resolves with whether nothing is left. */
  readonly clearUp: (pid: number) => Promise<boolean>;
}

/** The agent of an attempt: one program after another, as long as each can go on where the one before it died. */
export class KeptAgent {
  readonly #order: AgentOrder;
  readonly #adapter: AgentAdapter;
  readonly #ports: KeepPorts;
  readonly #desks: AgentDesks;
  readonly #signal: AbortSignal;
  #terminal: AgentTerminal;
  #restarts = 0;
  #resumed = false;
  #restarting: Promise<unknown> = Promise.resolve();
  /** Resolves when the last program has ended, after the last byte of its output was handed over. */
  readonly ended: Promise<AgentExit>;

  private constructor(
    order: AgentOrder,
    adapter: AgentAdapter,
    ports: KeepPorts,
    desks: AgentDesks,
    terminal: AgentTerminal,
    signal: AbortSignal,
  ) {
    this.#order = order;
    this.#adapter = adapter;
    this.#ports = ports;
    this.#desks = desks;
    this.#terminal = terminal;
    this.#signal = signal;
    this.ended = this.#live();
  }

  /** Starts it. Once `signal` is aborted it is not started again. @throws ProgramNotFoundError, or what the system said */
  static async start(order: AgentOrder, ports: KeepPorts, wish: LatestWish, signal: AbortSignal): Promise<KeptAgent> {
    const { agent } = order.run.assignment;
    const adapter = ports.adapterOf(agent);
    const firstPrompt = adapter.firstPromptVia(agent) === 'typed' ? null : await wish.firstPrompt(signal);
    const desks = new AgentDesks(adapter, agent, { ...ports, home: order.files.home });
    const terminal = await startAgent(order, adapter, { firstPrompt, resumes: false }, ports, desks);
    ports.report({ type: 'agent_started', pid: terminal.pid });
    if (firstPrompt !== null) desks.prompts.givenAtStart(firstPrompt.id);
    desks.attach(terminal);
    return new KeptAgent(order, adapter, ports, desks, terminal, signal);
  }

  get pid(): number {
    return this.#terminal.pid;
  }

  want(desired: Desired): void {
    this.#desks.want(desired);
  }

  /** Resolves when no program is being started. Called once the signal is aborted, so that none will be from then on. */
  async steady(): Promise<void> {
    await this.#restarting;
  }

  /** Ends what attends to it and gives the terminal back; the program itself is ended by its tree. */
  close(): void {
    this.#desks.close();
    this.#terminal.close();
  }

  async #live(): Promise<AgentExit> {
    for (;;) {
      const exit = await this.#terminal.exited;
      const restarting = this.#startAgain(exit);
      this.#restarting = restarting;
      if (!(await restarting)) {
        await this.#desks.prompts.lookOnceMore();
        this.#desks.gone();
        return exit;
      }
    }
  }

  /** False: the attempt ends with this exit. */
  async #startAgain(exit: AgentExit): Promise<boolean> {
    const { booted } = this.#desks.reader;
    const next = afterDeath({
      ...exit,
      canResume: this.#adapter.canResume,
      booted,
      resumed: this.#resumed,
      furthest: this.#desks.prompts.furthest,
      held: this.#desks.held,
      restarts: this.#restarts,
    });
    const { log } = this.#ports;
    if (next === 'end' || this.#signal.aborted || (await this.#ports.isLimit(exit))) return false;
    log.warn({ ...exit, next, restarts: this.#restarts }, 'the agent died and is started again');
    await this.#desks.prompts.lookOnceMore();
    this.#desks.lost();
    this.#terminal.close();
    if (!(await this.#ports.clearUp(this.#terminal.pid)) || this.#signal.aborted) return false;
    const anew = next === 'anew';
    try {
      const order = { ...this.#order, after: untilAborted(Promise.resolve(), this.#signal) };
      const start = { firstPrompt: null, resumes: !anew };
      this.#terminal = await startAgent(order, this.#adapter, start, this.#ports, this.#desks);
    } catch (error) {
      log.error({ reason: (error as Error).message }, 'the agent could not be started again');
      return false;
    }
    this.#restarts += 1;
    this.#resumed = !anew;
    this.#ports.report({ type: 'agent_resumed', pid: this.#terminal.pid, ...exit, anew });
    this.#desks.attach(this.#terminal);
    return true;
  }
}
