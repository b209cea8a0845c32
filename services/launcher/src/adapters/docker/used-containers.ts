import type { SandboxProfile } from '@roundhouse/contracts';
import type { Logger } from '@roundhouse/host';
import type { HandOver } from '../../handlers/hand-over-client.ts';
import type { AttemptRef } from '../../ports.ts';
import type { HandleOf, WarmSubject } from './handle.ts';

/** How many attempts a container has at most: what leaks slowly, in its runner or in the engine, ends with it. */
const MAX_USES = 50;

/** One that was warm, has an attempt, and may be warm again. */
export interface UsedContainer {
  readonly connection: HandOver;
  readonly profile: SandboxProfile;
  /** The attempt that it has now included. */
  readonly uses: number;
}

/** The containers whose runner was told to wait for another attempt, for as long as they have this one. */
export class UsedContainers {
  readonly #log: Logger;
  readonly #used = new Map<string, UsedContainer & { isIdle: boolean }>();
  readonly #listeners: ((ref: AttemptRef) => void)[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  onIdle(listener: (ref: AttemptRef) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * To be called before its runner is asked: an attempt can be over as soon as it is taken. Answers whether it is to wait
   * for another one; where not, nothing is kept of it.
   */
  begin({ slot, subject }: HandleOf<WarmSubject>, connection: HandOver, { taskId, attempt }: AttemptRef): boolean {
    const uses = subject.uses + 1;
    if (uses >= MAX_USES) return false;
    const used = { connection, profile: subject.profile, uses, isIdle: false };
    this.#used.set(slot, used);
    connection.onReady(() => {
      if (this.#used.get(slot) !== used) return;
      used.isIdle = true;
      for (const listener of this.#listeners) listener({ taskId, attempt });
    });
    connection.onSpent((reason) => {
      this.#log.info({ taskId, attempt, reason }, 'a container is not used again; its runner has ended');
    });
    return true;
  }

  /** Hands out one whose attempt is over, once; null where it is not, or was never to be used again. */
  take(slot: string): UsedContainer | null {
    const used = this.#used.get(slot);
    if (used?.isIdle !== true) return null;
    this.#used.delete(slot);
    return used;
  }

  /** It is being ended. */
  forget(slot: string): void {
    this.#used.get(slot)?.connection.close();
    this.#used.delete(slot);
  }

  /** Lets go of the runners. */
  close(): void {
    for (const { connection } of this.#used.values()) connection.close();
    this.#used.clear();
  }
}
