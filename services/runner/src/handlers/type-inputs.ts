import type { DesiredInput, RunnerEvent } from '@roundhouse/contracts';
import { shownInputs } from '../domain/shown-input.ts';
import type { AgentTerminal, CursorPlace, Log } from '../ports.ts';

/** How long the terminal has to show what was typed, ms; what it has not shown by then it does not show. */
const SHOW_MS = 1_000;

interface Burst {
  readonly inputs: { readonly input: DesiredInput; typed: boolean | null }[];
  readonly place: CursorPlace;
  readonly before: string;
}

/**
 * Types what a person types: in order, each once, and never into the middle of a prompt. Tells of each whether the
 * terminal showed it, which is judged over what was typed in one go.
 */
export class InputDesk {
  readonly #terminal: AgentTerminal;
  /** Resolves when no prompt is half typed. */
  readonly #between: () => Promise<void>;
  readonly #report: (event: RunnerEvent) => void;
  readonly #log: Log;
  readonly #taken = new Set<string>();
  #tail: Promise<void> = Promise.resolve();
  #burst: Burst | null = null;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(terminal: AgentTerminal, between: () => Promise<void>, report: (event: RunnerEvent) => void, log: Log) {
    this.#terminal = terminal;
    this.#between = between;
    this.#report = report;
    this.#log = log;
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

  /** The agent is gone: what it has shown by now is all that it shows. */
  close(): void {
    this.#closed = true;
    this.#judge(true);
  }

  async #type(input: DesiredInput): Promise<void> {
    await this.#between();
    const burst = (this.#burst ??= {
      inputs: [],
      place: await this.#terminal.cursorPlace(),
      before: this.#terminal.screen,
    });
    const entry: Burst['inputs'][number] = { input, typed: null };
    burst.inputs.push(entry);
    clearTimeout(this.#timer);
    entry.typed = this.#closed ? false : await this.#write(input);
    // A look at the screen may have settled the burst while the last bytes were on their way.
    if (this.#closed) this.#judge(true);
    else if (!this.#judge(false)) this.#timer = setTimeout(() => this.#judge(true), SHOW_MS);
  }

  async #write({ id, text }: DesiredInput): Promise<boolean> {
    try {
      await this.#terminal.write(text);
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
      { atCursor: burst.place.text(), before: burst.before, after: this.#terminal.screen },
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
