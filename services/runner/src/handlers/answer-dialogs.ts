import { randomUUID } from 'node:crypto';
import type { DesiredAnswer, DialogPolicy, RunnerEvent } from '@roundhouse/contracts';
import { type AnswerPhase, type AnswerStep, moveTo, nextStep } from '../domain/answer-steps.ts';
import { optionByPolicy } from '../domain/dialog-policy.ts';
import type { AgentTerminal, EndTimer, Log, Timers } from '../ports.ts';
import type { ShownDialog } from './read-activity.ts';

type Outcome = Extract<RunnerEvent, { type: 'dialog_answer' }>;

interface Answering extends DesiredAnswer {
  readonly by: Outcome['by'];
  readonly label: string;
  readonly phase: AnswerPhase;
}

export interface DialogPorts {
  readonly report: (event: RunnerEvent) => void;
  /** Whether a person has the keyboard: what they are shown is theirs to answer. */
  readonly isHeld: () => boolean;
  readonly timers: Timers;
  readonly log: Log;
}

export interface DialogRules {
  readonly dialogs: DialogPolicy;
  /** After how long a permission dialog that nobody answered is refused. */
  readonly dialogTimeoutSeconds?: number | undefined;
}

/**
 * For how long a dialog must have been shown before it is typed to: Claude Code throws away what is pressed in the moment in
 * which it comes up, so that nobody answers what they have not seen.
 */
const SEEN_MS = 700;
/** Programs take a paste in steps: an Enter right behind it is swallowed, also where the text is drawn by then. */
const PASTED_MS = 300;

/**
 * Answers dialogs of one terminal, one at a time: moves the selector, sees it stand at the option, where text is wanted types
 * that and sees it stand there, presses Enter, and sees the dialog go. What is wanted of a dialog that is not shown is not typed,
 * and no answer is typed twice.
 */
export class DialogDesk {
  readonly #rules: DialogRules;
  readonly #shown: () => ShownDialog | null;
  readonly #report: (event: RunnerEvent) => void;
  readonly #isHeld: () => boolean;
  readonly #timers: Timers;
  readonly #log: Log;
  readonly #done = new Set<string>();
  #terminal: AgentTerminal | null = null;
  #answering: Answering | null = null;
  #endTimer: EndTimer = () => undefined;
  #endPause: EndTimer | null = null;
  /** The dialog that is refused where nobody answers it in time. */
  #unanswered: { readonly id: string; readonly end: EndTimer } | null = null;

  constructor(rules: DialogRules, shown: () => ShownDialog | null, ports: DialogPorts) {
    this.#rules = rules;
    this.#shown = shown;
    this.#report = ports.report;
    this.#isHeld = ports.isHeld;
    this.#timers = ports.timers;
    this.#log = ports.log;
  }

  attach(terminal: AgentTerminal): void {
    this.#terminal = terminal;
  }

  want(answer: DesiredAnswer | undefined): void {
    if (answer === undefined || this.#done.has(answer.id) || this.#answering !== null) return;
    this.#begin({ ...answer, by: 'coordinator', label: '', phase: 'waiting' });
  }

  /** The screen or what is known of the agent has changed. */
  look(): void {
    const dialog = this.#shown();
    this.#expectAnswer(dialog);
    if (this.#answering !== null) return this.#goOn(this.#answering, dialog);
    if (dialog === null || this.#terminal === null || this.#done.has(dialog.id) || this.#isHeld()) return;
    this.#chooseFor(dialog, this.#rules.dialogs, 'policy');
  }

  /** The agent is gone. */
  close(): void {
    this.#expectAnswer(null);
    if (this.#answering !== null) this.#finish(this.#answering, 'stale', 'the agent ended first');
    this.#terminal = null;
  }

  #chooseFor(dialog: ShownDialog, policy: DialogPolicy, by: Answering['by']): void {
    const option = optionByPolicy(policy, dialog);
    if (option === null) return;
    // Whatever comes of it: this is done once, then it is somebody else's.
    this.#done.add(dialog.id);
    this.#begin({ id: randomUUID(), dialogId: dialog.id, option, by, label: '', phase: 'waiting' });
  }

  #expectAnswer(dialog: ShownDialog | null): void {
    if (dialog?.id === this.#unanswered?.id) return;
    this.#unanswered?.end();
    this.#unanswered = null;
    if (dialog !== null) this.#refuseAfter(dialog, dialog.since - this.#timers.now());
  }

  #refuseAfter(dialog: ShownDialog, fromMs: number): void {
    const { dialogTimeoutSeconds } = this.#rules;
    if (dialogTimeoutSeconds === undefined) return;
    const end = this.#timers.after(Math.max(0, fromMs + dialogTimeoutSeconds * 1_000), () => {
      if (this.#answering !== null || this.#done.has(dialog.id)) return;
      // Whoever has the keyboard gets the time anew.
      if (this.#isHeld()) this.#refuseAfter(dialog, 0);
      else this.#chooseFor(dialog, 'deny', 'timeout');
    });
    this.#unanswered = { id: dialog.id, end };
  }

  #begin(wanted: Answering): void {
    const dialog = this.#shown();
    const answering = { ...wanted, label: dialog?.options[wanted.option] ?? '' };
    if (dialog?.id !== wanted.dialogId) return this.#finish(answering, 'stale', 'the dialog is not shown any more');
    if (dialog.selected === null) return this.#finish(answering, 'failed', 'the screen does not say what is selected');
    if (wanted.text !== undefined && !dialog.textOptions.some(({ option }) => option === wanted.option))
      return this.#finish(answering, 'failed', 'the option takes no text');
    this.#answering = answering;
    const waitMs = dialog.since + SEEN_MS - this.#timers.now();
    if (waitMs <= 0) return this.#take(moveTo(answering.option, dialog), answering);
    this.#endTimer();
    this.#endTimer = this.#timers.after(waitMs, () => {
      // One that has gone meanwhile was told of when it went.
      if (this.#answering !== null) this.#take(moveTo(answering.option, this.#shown() ?? dialog), answering);
    });
  }

  #take({ phase, keys, withinMs, otherwise }: AnswerStep, before: Answering): void {
    const answering: Answering = { ...before, phase };
    this.#answering = answering;
    if (keys !== '') this.#type(keys);
    this.#endTimer();
    this.#endTimer = this.#timers.after(withinMs, () => {
      if (this.#answering !== null) this.#finish(this.#answering, 'failed', otherwise);
    });
    if (phase !== 'typing') return this.#goOn(answering, this.#shown());
    this.#endPause = this.#timers.after(PASTED_MS, () => {
      this.#endPause = null;
      if (this.#answering !== null) this.#goOn(this.#answering, this.#shown());
    });
  }

  #goOn(answering: Answering, dialog: ShownDialog | null): void {
    const { phase } = answering;
    if (dialog?.id !== answering.dialogId) {
      if (phase === 'entered') return this.#finish(answering, 'answered', null);
      return this.#finish(answering, 'stale', 'the dialog went away before it was answered');
    }
    if (this.#endPause !== null) return;
    const step = nextStep(phase, answering, dialog);
    if (step !== null) this.#take(step, answering);
  }

  #finish({ id, dialogId, option, by, label }: Answering, state: Outcome['state'], reason: string | null): void {
    this.#endTimer();
    this.#endPause?.();
    this.#endPause = null;
    this.#answering = null;
    this.#done.add(id);
    this.#log.info({ answerId: id, dialogId, option, by, state }, 'dialog');
    this.#report({ type: 'dialog_answer', answerId: id, dialogId, option, label, by, state, reason });
  }

  #type(keys: string): void {
    this.#terminal?.write(keys).catch((error: Error) => {
      this.#log.warn({ reason: error.message }, 'the terminal did not take an answer');
    });
  }
}
