import { randomUUID } from 'node:crypto';
import type { DesiredAnswer, DialogPolicy, RunnerEvent } from '@roundhouse/contracts';
import { optionByPolicy } from '../domain/dialog-policy.ts';
import type { AgentTerminal, EndTimer, Log, Timers } from '../ports.ts';
import type { ShownDialog } from './read-activity.ts';

type Outcome = Extract<RunnerEvent, { type: 'dialog_answer' }>;

interface Answering extends DesiredAnswer {
  readonly by: Outcome['by'];
  readonly label: string;
  /** `waiting`: the dialog is too new; `moving`: to the option; `entered`: Enter was pressed. */
  readonly phase: 'waiting' | 'moving' | 'entered';
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

const KEYS = { list: { on: '\u001b[B', back: '\u001b[A' }, row: { on: '\u001b[C', back: '\u001b[D' } } as const;
const ENTER = '\r';
/**
 * For how long a dialog must have been shown before it is typed to: Claude Code throws away what is pressed in the moment in
 * which it comes up, so that nobody answers what they have not seen.
 */
const SEEN_MS = 700;
/** How long the selector may take to get where it was moved, and the dialog to go once it was answered. */
const MOVED_MS = 3_000;
const GONE_MS = 5_000;

/**
 * Answers dialogs of one terminal, one at a time: moves the selector, sees it stand at the option, presses Enter, and sees
 * the dialog go. What is wanted of a dialog that is not shown is not typed, and no answer is typed twice.
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
    this.#answering = answering;
    const waitMs = dialog.since + SEEN_MS - this.#timers.now();
    if (waitMs <= 0) return this.#move(answering, dialog.layout, dialog.selected);
    this.#endTimer();
    this.#endTimer = this.#timers.after(waitMs, () => {
      const { layout, selected } = this.#shown() ?? dialog;
      // One that has gone meanwhile was told of when it went.
      if (this.#answering !== null) this.#move(answering, layout, selected ?? 0);
    });
  }

  #move(waiting: Answering, layout: ShownDialog['layout'], selected: number): void {
    const answering: Answering = { ...waiting, phase: 'moving' };
    this.#answering = answering;
    const distance = answering.option - selected;
    const { on, back } = KEYS[layout];
    if (distance !== 0) this.#type((distance > 0 ? on : back).repeat(Math.abs(distance)));
    this.#within(MOVED_MS, 'the selector did not get to the option');
    this.#goOn(answering, this.#shown());
  }

  #goOn(answering: Answering, dialog: ShownDialog | null): void {
    const { phase } = answering;
    if (dialog?.id !== answering.dialogId) {
      if (phase === 'entered') return this.#finish(answering, 'answered', null);
      return this.#finish(answering, 'stale', 'the dialog went away before it was answered');
    }
    if (phase !== 'moving' || dialog.selected !== answering.option) return;
    this.#answering = { ...answering, phase: 'entered' };
    this.#type(ENTER);
    this.#within(GONE_MS, 'the dialog is still shown');
  }

  #within(ms: number, otherwise: string): void {
    this.#endTimer();
    this.#endTimer = this.#timers.after(ms, () => {
      if (this.#answering !== null) this.#finish(this.#answering, 'failed', otherwise);
    });
  }

  #finish({ id, dialogId, option, by, label }: Answering, state: Outcome['state'], reason: string | null): void {
    this.#endTimer();
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
