import {
  ApiClient,
  type ErrorCode,
  type LauncherState,
  RoundhouseError,
  type SandboxProfile,
} from '@roundhouse/contracts';
import { createNodeTransport } from '@roundhouse/host';
import type { ArchiveQuestion, AttemptRef, Attempts, Claim } from '../../ports.ts';

/** The coordinator over HTTP, with the launcher's token. */
export class AttemptsApi implements Attempts {
  readonly #client: ApiClient;
  readonly #transport = createNodeTransport();

  constructor(options: { readonly baseUrl: string; readonly token: string }) {
    this.#client = new ApiClient({ ...options, transport: this.#transport.send });
  }

  /** Ends what is under way. */
  close(): void {
    this.#transport.close();
  }

  async claim(ref: AttemptRef, signal: AbortSignal): Promise<Claim> {
    try {
      const claim = await this.#client.call('claimAttempt', nameOf(ref), bounded(signal));
      const { projectId, baseCommit } = claim.assignment;
      return { outcome: 'claimed', projectId, baseCommit, ...claim };
    } catch (error) {
      if (isOneOf(error, ['attempt_stale', 'task_not_found'])) return { outcome: 'obsolete', why: error.message };
      throw error;
    }
  }

  async wanted(refs: readonly AttemptRef[], signal: AbortSignal): ReturnType<Attempts['wanted']> {
    return (await this.#client.call('reconcileAttempts', { sandboxes: refs.map(nameOf) }, bounded(signal))).wanted;
  }

  async archiveNeeded(ref: AttemptRef): Promise<ArchiveQuestion> {
    try {
      const {
        archived,
        projectId,
        ref: target,
        token,
      } = await this.#client.call('archiveAttempt', nameOf(ref), bounded());
      if (archived) return { outcome: 'archived' };
      if (token === null) throw new Error('the coordinator says that nothing is archived and gives no token to do it');
      return { outcome: 'needed', projectId, ref: target, token };
    } catch (error) {
      if (isOneOf(error, ['task_not_found'])) return { outcome: 'unknown' };
      throw error;
    }
  }

  async reportGone(ref: AttemptRef, words: Parameters<Attempts['reportGone']>[1]): Promise<void> {
    try {
      await this.#client.call('reportGone', { ...nameOf(ref), ...words }, bounded());
    } catch (error) {
      // Nobody is left who would want to know.
      if (!isOneOf(error, ['attempt_stale', 'task_not_found'])) throw error;
    }
  }

  async reportLauncher(state: LauncherState, signal: AbortSignal): Promise<readonly SandboxProfile[]> {
    return (await this.#client.call('reportLauncher', state, bounded(signal))).prepare;
  }
}

/** A launcher shares its host with the coordinator or is near it; an answer that takes longer is none. */
const CALL_MS = 10_000;

const bounded = (signal?: AbortSignal): { signal: AbortSignal } => {
  const bound = AbortSignal.timeout(CALL_MS);
  return { signal: signal === undefined ? bound : AbortSignal.any([signal, bound]) };
};

const nameOf = ({ taskId, attempt }: AttemptRef): AttemptRef => ({ taskId, attempt });

const isOneOf = (error: unknown, codes: readonly ErrorCode[]): error is RoundhouseError =>
  error instanceof RoundhouseError && codes.includes(error.code);
