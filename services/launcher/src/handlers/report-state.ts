import type { LauncherState, SandboxProfile } from '@roundhouse/contracts';
import type { Logger } from '@roundhouse/host';
import type { Attempts } from '../ports.ts';
import type { HeldClaims } from './held-claims.ts';

export interface ReportParts {
  readonly attempts: Attempts;
  readonly held: HeldClaims;
  readonly state: () => LauncherState;
  /** Told what to prepare for, the most likely first. */
  readonly prepare: (profiles: readonly SandboxProfile[]) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Says how this launcher is, one report a call, and hears what to prepare for. Never throws. */
export class StateReports {
  readonly #parts: ReportParts;
  #isAway = false;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  async report(): Promise<void> {
    const { attempts, held, state, prepare, log, signal } = this.#parts;
    try {
      const profiles = await attempts.reportLauncher(state(), signal);
      this.#isAway = false;
      prepare(profiles);
    } catch (error) {
      if (signal.aborted) return;
      // Once, not every five seconds.
      if (!this.#isAway) log.warn({ err: error }, 'the state of this launcher could not be reported');
      this.#isAway = true;
    }
    await held.renew(Date.now(), signal);
  }
}
