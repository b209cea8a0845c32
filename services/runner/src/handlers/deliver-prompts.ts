import type { Desired, RunnerEvent } from '@roundhouse/contracts';
import type { Reading } from '../domain/activity.ts';
import { showsPrompt } from '../domain/echo.ts';
import type { ProgramStatus } from '../domain/program-status.ts';
import {
  type Delivery,
  type DeliveryAction,
  type DeliveryInput,
  NO_DELIVERY,
  type TypingRules,
  deliver,
  withoutTyping,
} from '../domain/prompt-delivery.ts';
import type { AgentTerminal, Log } from '../ports.ts';

const PASTE_BEGINS = '\u001b[200~';
const PASTE_ENDS = '\u001b[201~';
const ENTER = '\r';
/** How soon it is looked again whether a prompt that is worked on is on record. */
const RECORD_MS = 100;
const TYPING: ReadonlySet<string> = new Set(['pasting', 'settling', 'entering']);
/** What stands in for a long paste, such as "[Pasted text #1 +20 lines]". */
const PASTED = /\[[^\]]*\b(?:past|lines?|chars?)/i;

/** Whether the program has a prompt on record since then. */
export type Recorded = (since: Date) => Promise<boolean>;

/** `accepted`: at least one prompt is proven to have been taken; `typed`: one was typed at least. */
export type Furthest = 'nothing' | 'typed' | 'accepted';

function furthest(before: Furthest, state: 'written' | 'accepted' | 'undelivered'): Furthest {
  if (state === 'accepted' || before === 'accepted') return 'accepted';
  return 'typed';
}

/** Carries out what the delivery decides on one terminal, and tells it what became of it. */
export class PromptDesk {
  readonly #rules: TypingRules;
  readonly #report: (event: RunnerEvent) => void;
  readonly #log: Log;
  readonly #input: () => string | null | undefined;
  readonly #recorded: Recorded | undefined;
  /** Since when the prompt that is awaited may be on record. */
  #enteredAt = new Date(0);
  #looking: Promise<void> | null = null;
  #lookAgain: NodeJS.Timeout | undefined;
  #delivery: Delivery = NO_DELIVERY;
  #terminal: AgentTerminal | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Number of the latest write: what an earlier one comes to is of no interest any more. */
  #write = 0;
  readonly #waiting: (() => void)[] = [];
  #furthest: Furthest = 'nothing';

  /**
   * `input` tells what stands where one types: null, where that is not shown; undefined, where nobody knows. `recorded` is asked
   * where that is the proof.
   */
  constructor(
    rules: TypingRules,
    report: (event: RunnerEvent) => void,
    log: Log,
    input: () => string | null | undefined = () => undefined,
    recorded?: Recorded,
  ) {
    this.#recorded = recorded;
    this.#rules = rules;
    this.#input = input;
    this.#report = report;
    this.#log = log;
  }

  /** The prompt went along with the start of the program: delivered by that. */
  givenAtStart(promptId: string): void {
    this.#delivery = withoutTyping(this.#delivery, promptId);
    this.#report({ type: 'prompt', promptId, state: 'written' });
    this.#report({ type: 'prompt', promptId, state: 'accepted' });
  }

  /** What is to be taken back comes first: a prompt that comes with its recall is not begun. */
  want({ prompts, recalls, held }: Pick<Desired, 'prompts' | 'recalls' | 'held'>): void {
    if (held !== this.#delivery.held) this.#step({ type: 'held', held });
    for (const recall of recalls) this.#step({ type: 'recall', recall });
    this.#step({ type: 'wanted', prompts });
  }

  /** Resolves when no prompt is half typed: at once, or when the one that is has its Enter. */
  between(): Promise<void> {
    return this.#isTyping ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  /** What is known of all that was delivered so far. */
  get furthest(): Furthest {
    return this.#furthest;
  }

  get #isTyping(): boolean {
    return TYPING.has(this.#delivery.phase.name);
  }

  /** From now on there is somebody to type to. */
  attach(terminal: AgentTerminal): void {
    this.#terminal = terminal;
    this.#step({ type: 'wanted', prompts: this.#delivery.wanted });
  }

  status(status: ProgramStatus): void {
    this.#step({ type: 'status', status });
  }

  /**
   * What is known of the agent, where that is more than its own word. That Enter was typed is no proof that it was taken.
   */
  activity({ state, evidence, question }: Reading): void {
    if (evidence === 'prompt') return;
    switch (state) {
      case 'busy':
        return this.status({ state: 'working' });
      case 'idle':
        return this.status({ state: 'idle' });
      case 'waiting_input':
        return this.status({ state: 'blocked', question: question ?? { kind: 'question', text: '', options: [] } });
      case 'booting':
      case 'unknown':
        return this.status({ state: 'clear' });
    }
  }

  /** The screen stands still after output. */
  settled(): void {
    this.#step({ type: 'output' });
    this.#lookForEcho();
    void this.lookForRecord();
  }

  /** Looks whether the prompt that is awaited is on record. */
  lookForRecord(): Promise<void> {
    const { phase } = this.#delivery;
    if (this.#recorded === undefined || (phase.name !== 'entering' && phase.name !== 'awaiting'))
      return Promise.resolve();
    this.#looking ??= this.#look(this.#recorded, phase.prompt.id).finally(() => (this.#looking = null));
    return this.#looking;
  }

  /** The same of an agent that has died: a look that is under way may have been too early. */
  async lookOnceMore(): Promise<void> {
    await this.#looking;
    await this.lookForRecord();
  }

  async #look(recorded: Recorded, promptId: string): Promise<void> {
    try {
      const isRecorded = await recorded(this.#enteredAt);
      const { phase } = this.#delivery;
      if (phase.name === 'free' || phase.prompt.id !== promptId) return;
      if (isRecorded) return this.#step({ type: 'recorded' });
      // No event tells of it: on some file systems none of a file at all.
      clearTimeout(this.#lookAgain);
      if (phase.name === 'awaiting' && phase.proof === 'begun' && this.#terminal !== null)
        this.#lookAgain = setTimeout(() => void this.lookForRecord(), RECORD_MS);
    } catch (error) {
      this.#log.warn({ reason: (error as Error).message }, 'the record of the conversation cannot be read');
    }
  }

  /** The agent died and is started again: what was not proven to be taken is typed once more when `attach` is called. */
  lost(): void {
    this.#lookForEcho();
    // What is still being written concerns nobody any more.
    this.#write += 1;
    this.#step({ type: 'lost' });
    this.#terminal = null;
    clearTimeout(this.#lookAgain);
  }

  /** The agent is gone, and the screen has all that it printed; nothing is typed any more. */
  close(): void {
    this.#lookForEcho();
    this.#step({ type: 'gone' });
    clearTimeout(this.#timer);
    clearTimeout(this.#lookAgain);
  }

  #lookForEcho(): void {
    const { phase } = this.#delivery;
    if (phase.name !== 'entering' && phase.name !== 'awaiting') return;
    if (this.#terminal !== null && showsPrompt(this.#terminal.screen, phase.prompt.text))
      this.#step({ type: 'echoed' });
  }

  #step(input: DeliveryInput): void {
    if (this.#terminal === null && input.type === 'wanted') {
      this.#delivery = { ...this.#delivery, wanted: input.prompts };
      return;
    }
    const { next, actions } = deliver(this.#delivery, input, this.#rules);
    this.#delivery = next;
    for (const action of actions) this.#carryOut(action);
    if (!this.#isTyping) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #carryOut(action: DeliveryAction): void {
    switch (action.type) {
      case 'paste': {
        const { bracketedPaste } = this.#terminal as AgentTerminal;
        return this.#type(bracketedPaste ? PASTE_BEGINS + action.text + PASTE_ENDS : action.text);
      }
      case 'enter':
        if (action.again === true && !this.#isStillThere()) return;
        if (action.again !== true) this.#enteredAt = new Date();
        return this.#type(ENTER);
      case 'timer':
        clearTimeout(this.#timer);
        if (action.ms !== null) this.#timer = setTimeout(() => this.#step({ type: 'time' }), action.ms);
        return;
      case 'recalled': {
        const { recall, isTakenBack } = action;
        this.#log.info({ promptId: recall.promptId, isTakenBack }, 'prompt recalled');
        return this.#report({
          type: 'prompt_recalled',
          promptId: recall.promptId,
          recallId: recall.id,
          recalled: isTakenBack,
        });
      }
      case 'report': {
        const { promptId, state } = action;
        this.#furthest = furthest(this.#furthest, state);
        this.#log.info({ promptId, state }, 'prompt');
        const screen = this.#terminal?.screen ?? '';
        return this.#report(
          state === 'undelivered' ? { type: 'prompt', promptId, state, screen } : { type: 'prompt', promptId, state },
        );
      }
    }
  }

  /** An Enter that was swallowed leaves the prompt where it was typed. A second one must not answer what came of the first. */
  #isStillThere(): boolean {
    const { phase } = this.#delivery;
    const input = this.#input();
    if (input === undefined || phase.name !== 'awaiting') return true;
    return input !== null && (showsPrompt(input, phase.prompt.text) || PASTED.test(input));
  }

  #type(text: string): void {
    const terminal = this.#terminal as AgentTerminal;
    this.#write += 1;
    const write = this.#write;
    const tell = (type: 'typed' | 'not_typed'): void => {
      if (write === this.#write) this.#step({ type });
    };
    terminal.write(text).then(
      () => tell('typed'),
      (error: Error) => {
        this.#log.warn({ reason: error.message }, 'the terminal did not take what was typed');
        tell('not_typed');
      },
    );
  }
}
