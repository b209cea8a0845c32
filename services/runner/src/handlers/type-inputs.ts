import type { DesiredInput, RunnerEvent } from '@roundhouse/contracts';
import { shownInputs } from '../domain/shown-input.ts';
import type { AgentTerminal, CursorPlace, Log } from '../ports.ts';

/** How long the terminal has to show what was typed, ms; what it has not shown by then it does not show. */
const SHOW_MS = 1_000;

interface Burst {
  readonly terminal: AgentTerminal;
  readonly inputs: { readonly input: DesiredInput; typed: boolean | null }[];
  readonly place: CursorPlace;
  readonly before: string;
}

/**
 * Types what a person types: in order, each once, and never into the middle of a prompt. Tells of each whether the
 * terminal showed it, which is judged over what was typed in one go.
 */
export class InputDesk {
  /** Resolves when no prompt is half typed. */
  readonly #between: () => Promise<void>;
  readonly #report: (event: RunnerEvent) => void;
  readonly #log: Log;
  readonly #taken = new Set<string>();
  #tail: Promise<void> = Promise.resolve();
  #burst: Burst | null = null;
  #timer: NodeJS.Timeout | undefined;
  #terminal: AgentTerminal | null = null;

  constructor(between: () => Promise<void>, report: (event: RunnerEvent) => void, log: Log) {
    this.#between = between;
    this.#report = report;
    this.#log = log;
  }

  attach(terminal: AgentTerminal): void {
    this.#terminal = terminal;
  }

  want(inputs: readonly DesiredInput[]): void {
    for (const input of inputs.toSorted((one, other) => one.ordinal - other.ordinal)) {
      if (this.#taken.has(input.id)) continue;
      this.#taken.add(input.id);
      this.#tail = this.#tail.then(() => this.#type(input));
    }
  }

  /** The screen stands still after output. */
  settled(): void {
    this.#judge(false);
  }

  /** The agent is gone: what it has shown by now is all that it shows, and what is typed reaches nobody until `attach`. */
  detach(): void {
    this.#judge(true);
    this.#terminal = null;
  }

  async #type(input: DesiredInput): Promise<void> {
    await this.#between();
    const terminal = this.#terminal;
    if (terminal === null) return this.#report({ type: 'input', inputId: input.id, typed: false, shown: false });
    const burst = (this.#burst ??= {
      terminal,
      inputs: [],
      place: await terminal.cursorPlace(),
      before: terminal.screen,
    });
    const entry: Burst['inputs'][number] = { input, typed: null };
    burst.inputs.push(entry);
    clearTimeout(this.#timer);
    entry.typed = this.#terminal === terminal && (await this.#write(input, terminal));
    // A look at the screen may have settled the burst while the last bytes were on their way.
    if (this.#terminal !== terminal) this.#judge(true);
    else if (!this.#judge(false)) this.#timer = setTimeout(() => this.#judge(true), SHOW_MS);
  }

  async #write({ id, text }: DesiredInput, terminal: AgentTerminal): Promise<boolean> {
    try {
      await terminal.write(text);
      this.#log.info({ inputId: id }, 'input typed');
      return true;
    } catch (error) {
      this.#log.warn({ inputId: id, reason: (error as Error).message }, 'the terminal did not take an input');
      return false;
    }
  }

  /** Reports the burst once it is written and shown whole; `finally`: as it is. True where it is reported. */
  #judge(finally_: boolean): boolean {
    const burst = this.#burst;
    if (burst === null || burst.inputs.some(({ typed }) => typed === null)) return false;
    const shown = shownInputs(
      burst.inputs.map(({ input }) => input.text),
      { atCursor: burst.place.text(), before: burst.before, after: burst.terminal.screen },
    );
    if (!finally_ && shown.includes(false)) return false;
    this.#burst = null;
    clearTimeout(this.#timer);
    burst.place.forget();
    for (const [index, { input, typed }] of burst.inputs.entries())
      this.#report({ type: 'input', inputId: input.id, typed: typed === true, shown: shown[index] === true });
    return true;
  }
}
