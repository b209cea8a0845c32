import {
  type ArchiveOrder,
  type ArchiveOutcome,
  type AttemptRef,
  type Readiness,
  type SandboxView,
  type Sandboxes,
  SandboxesAwayError,
  type StartOrder,
  type WarmOrder,
  type WarmView,
} from '../ports.ts';
import { ProcessSandboxes } from '../adapters/process/process-sandbox.ts';

/** Real sandboxes with a switch: while it is off, what they run on is away, as an engine of containers can be. */
export class SwitchableSandboxes extends ProcessSandboxes implements Sandboxes {
  readonly #switched: ((readiness: Readiness) => void)[] = [];
  /** What a start does when they are on: fails the first time as if they had just gone. */
  failNextStart = false;
  /** The next warm one starts, and then fails. */
  failNextWarm = false;
  /** How often the warm ones were listed. */
  looks = 0;
  #isOn = true;

  switchTo(isOn: boolean): void {
    this.#isOn = isOn;
    for (const listener of this.#switched) listener(this.readiness());
  }

  override listWarm(): Promise<WarmView[]> {
    this.looks += 1;
    return super.listWarm();
  }

  override readiness(): Readiness {
    return this.#isOn ? { ready: true } : { ready: false, reason: 'the engine does not answer' };
  }

  override onReadiness(listener: (readiness: Readiness) => void): void {
    this.#switched.push(listener);
  }

  override async recover(): Promise<SandboxView[]> {
    this.#need();
    return await super.recover();
  }

  override async list(): Promise<SandboxView[]> {
    this.#need();
    return await super.list();
  }

  override async start(order: StartOrder): Promise<void> {
    if (this.failNextStart) {
      this.failNextStart = false;
      this.switchTo(false);
    }
    this.#need();
    await super.start(order);
  }

  override async startWarm(order: WarmOrder, signal: AbortSignal): Promise<void> {
    await super.startWarm(order, signal);
    if (!this.failNextWarm) return;
    this.failNextWarm = false;
    await super.endWarm(order.warmId);
    throw new Error('it fell over');
  }

  override async end(ref: AttemptRef): Promise<void> {
    this.#need();
    await super.end(ref);
  }

  override async archive(order: ArchiveOrder, signal: AbortSignal): Promise<ArchiveOutcome> {
    this.#need();
    return await super.archive(order, signal);
  }

  #need(): void {
    if (!this.#isOn) throw new SandboxesAwayError('the engine does not answer');
  }
}
