import type { Desired, RunnerEvent } from '@roundhouse/contracts';
import type { HubAccess, Log, Publisher, PublishResult } from '../ports.ts';

export interface PublishPlace {
  readonly path: string;
  readonly hub: HubAccess;
  readonly branch: string;
}

const BOUND_MS = 60_000;
const MAX_FILES = 200;
const MAX_REASON = 4_000;

/** Pushes the work when it is asked to, once an id: what was answered stands in the link's outbox until it is committed. */
export class PublishDesk {
  readonly #publisher: Publisher;
  readonly #place: PublishPlace;
  readonly #report: (event: RunnerEvent) => void;
  readonly #log: Log;
  readonly #closed = new AbortController();
  #lastId: string | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(publisher: Publisher, place: PublishPlace, report: (event: RunnerEvent) => void, log: Log) {
    this.#publisher = publisher;
    this.#place = place;
    this.#report = report;
    this.#log = log;
  }

  want(publish: Desired['publish']): void {
    if (publish === null || publish.id === this.#lastId || this.#closed.signal.aborted) return;
    const { id } = publish;
    this.#lastId = id;
    this.#running = this.#running.then(() => this.#publish(id));
  }

  /** Resolves when no push is under way; each has a bound. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Ends a push that is under way; resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#running;
  }

  async #publish(publishId: string): Promise<void> {
    if (this.#closed.signal.aborted) return;
    const begun = performance.now();
    const result = await this.#ask();
    const ms = Math.round(performance.now() - begun);
    if (result.outcome === 'failed') {
      this.#log.warn({ publishId, ms, reason: result.reason }, 'publish failed');
      return this.#report({ type: 'publish_failed', publishId, reason: result.reason.slice(0, MAX_REASON) });
    }
    const { commit } = result;
    const dirty = result.dirty.slice(0, MAX_FILES);
    const untracked = result.untracked.slice(0, MAX_FILES);
    this.#log.info({ publishId, ms, commit, dirty: dirty.length, untracked: untracked.length }, 'published');
    this.#report({ type: 'published', publishId, commit, dirty, untracked });
  }

  async #ask(): Promise<PublishResult> {
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(BOUND_MS)]);
    try {
      return await this.#publisher.publish(this.#place, signal);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      return { outcome: 'failed', reason: signal.aborted ? `not done within ${BOUND_MS / 1_000} s: ${words}` : words };
    }
  }
}
