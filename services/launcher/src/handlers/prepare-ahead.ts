import type { SandboxProfile } from '@roundhouse/contracts';
import type { Logger } from '@roundhouse/host';
import { profileKey } from '../domain/profile-key.ts';
import { type Sandboxes, SandboxesAwayError } from '../ports.ts';

/** How long one profile may take: an image may have to be pulled. */
const PREPARE_MS = 600_000;
/** From a failure to the next try; what may have changed by then is the image, the hub or the disk. */
const RETRY_MS = 60_000;

/**
 * Makes ready what starts will soon need, in the background, one profile at a time and the most likely first; again
 * whenever a project's head has moved.
 */
export class PrepareAhead {
  readonly #parts: { readonly sandboxes: Sandboxes; readonly log: Logger; readonly signal: AbortSignal };
  /** By profile: the head that it is ready for, or the time from which on it may be tried again. */
  readonly #known = new Map<string, { readonly head: string | null; readonly retryAt: number | null }>();
  #wanted: readonly SandboxProfile[] = [];
  #running: Promise<void> | null = null;

  constructor(parts: { readonly sandboxes: Sandboxes; readonly log: Logger; readonly signal: AbortSignal }) {
    this.#parts = parts;
  }

  want(profiles: readonly SandboxProfile[]): void {
    this.#wanted = profiles;
    const keys = new Set(profiles.map(profileKey));
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
    this.#running ??= this.#work().finally(() => (this.#running = null));
  }

  /** Resolves when nothing is being made any more; the signal ends what is. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #work(): Promise<void> {
    const { sandboxes, signal } = this.#parts;
    while (!signal.aborted && sandboxes.readiness().ready) {
      const profile = this.#wanted.find((each) => this.#isDue(each));
      if (profile === undefined) return;
      await this.#prepare(profile);
    }
  }

  #isDue(profile: SandboxProfile): boolean {
    const known = this.#known.get(profileKey(profile));
    if (known?.head !== profile.headCommit) return true;
    return known.retryAt !== null && known.retryAt <= Date.now();
  }

  async #prepare(profile: SandboxProfile): Promise<void> {
    const { sandboxes, log, signal } = this.#parts;
    const { projectId, image, headCommit: head } = profile;
    const startedAt = Date.now();
    try {
      await sandboxes.prepare(profile, AbortSignal.any([signal, AbortSignal.timeout(PREPARE_MS)]));
      this.#known.set(profileKey(profile), { head, retryAt: null });
      log.debug({ projectId, image, head, ms: Date.now() - startedAt }, 'prepared for a profile');
    } catch (error) {
      this.#known.set(profileKey(profile), { head, retryAt: Date.now() + RETRY_MS });
      if (signal.aborted || error instanceof SandboxesAwayError) return;
      log.warn({ projectId, image, head, err: error }, 'a profile could not be prepared ahead; starts will do it');
    }
  }
}
