import type { AgentSpec, Desired, RunnerEvent } from '@roundhouse/contracts';
import type { AgentAdapter, AgentTerminal, Log, Now, TerminalOrder, Timers } from '../ports.ts';
import { DialogDesk } from './answer-dialogs.ts';
import { PromptDesk } from './deliver-prompts.ts';
import { ActivityReader } from './read-activity.ts';
import { InputDesk } from './type-inputs.ts';
import { ActivityWatch } from './watch-activity.ts';
import { QuotaWatch } from './watch-quota.ts';

interface DeskPorts {
  readonly now: Now;
  readonly timers: Timers;
  readonly log: Log;
  readonly report: (event: RunnerEvent) => void;
  /** The agent's own. */
  readonly home: string;
}

type TerminalEars = Pick<TerminalOrder, 'onStatus' | 'onTitle' | 'onTyped' | 'onSettled'>;

/** All that attends to the agent of an attempt: it reads, types and answers, whichever program is in the terminal. */
export class AgentDesks {
  readonly prompts: PromptDesk;
  readonly inputs: InputDesk;
  readonly dialogs: DialogDesk;
  readonly reader: ActivityReader;
  readonly #activity: ActivityWatch;
  readonly #quota: QuotaWatch;
  readonly #byActivity: boolean;
  #held = false;

  constructor(adapter: AgentAdapter, agent: AgentSpec, ports: DeskPorts) {
    const { report, log } = ports;
    this.#byActivity = adapter.typing.readyBy === 'activity';
    this.#activity = new ActivityWatch(ports, adapter.signs.needsInput);
    this.#quota = new QuotaWatch(report, ports.now);
    this.reader = new ActivityReader(adapter.signs, ports.timers, (reading) => {
      this.#activity.read(reading);
      if (this.#byActivity) this.prompts.activity(reading);
      this.dialogs.look();
    });
    const receipt = (event: RunnerEvent): void => {
      report(event);
      if (event.type === 'prompt' && event.state === 'accepted') this.#activity.promptAccepted();
    };
    this.prompts = new PromptDesk(
      adapter.typing,
      receipt,
      log,
      () => (this.#byActivity ? this.reader.input : undefined),
      adapter.recordedSince === undefined
        ? undefined
        : (since) => adapter.recordedSince?.(ports.home, since) ?? Promise.resolve(false),
    );
    const rules = 'dialogs' in agent ? agent : ({ dialogs: 'ask' } as const);
    this.dialogs = new DialogDesk(rules, () => this.reader.dialog, { ...ports, isHeld: () => this.#held });
    this.inputs = new InputDesk(() => this.prompts.between(), report, log);
  }

  /** Whether a person has the keyboard. */
  get held(): boolean {
    return this.#held;
  }

  want(desired: Desired): void {
    this.#held = desired.held;
    this.inputs.want(desired.inputs);
    this.prompts.want(desired);
    this.dialogs.want(desired.answer);
    this.dialogs.look();
  }

  /** What a terminal tells. `terminal` is asked for only once it is there. */
  ears(terminal: () => AgentTerminal): TerminalEars {
    return {
      onStatus: (status) => {
        // Before the activity: who hears that it is idle must know by then that it was refused.
        this.#quota.status(status);
        this.reader.status(status);
        if (!this.#byActivity) this.prompts.status(status);
      },
      onTitle: (title) => this.reader.title(title),
      onTyped: (text) => this.reader.typed(text),
      onSettled: () => {
        this.reader.settled(terminal().view);
        this.dialogs.look();
        this.prompts.settled();
        this.inputs.settled();
      },
    };
  }

  attach(terminal: AgentTerminal): void {
    this.inputs.attach(terminal);
    this.prompts.attach(terminal);
    this.dialogs.attach(terminal);
  }

  /** The program has ended, and another one will be attached. */
  lost(): void {
    this.inputs.detach();
    this.prompts.lost();
    this.dialogs.close();
    this.reader.reset();
  }

  /** The program has ended for good; what it showed last still counts. Twice is fine. */
  gone(): void {
    this.prompts.close();
    this.inputs.detach();
    this.dialogs.close();
  }

  close(): void {
    this.gone();
    this.reader.close();
    this.#activity.close();
  }
}
