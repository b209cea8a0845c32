import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Readiness, SandboxesAwayError } from '../../ports.ts';
import type { Engine } from './engine.ts';
import { LABEL } from './names.ts';

export interface Died {
  readonly id: string;
  readonly exitCode: number;
  readonly labels: Readonly<Record<string, string>>;
}

const DieEvent = z.object({
  Action: z.literal('die'),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
});

/** Nothing tells that an engine is back, so it is tried again: soon at first, then once a second for as long as we live. */
const PAUSES_MS = [50, 100, 250, 500, 1_000] as const;
/** An event is some hundred bytes; what has no end is no event. */
const MAX_EVENT_BYTES = 1_048_576;
const STARTING = 'the Docker engine has not answered yet';

/**
 * Keeps one connection to the engine open on which it tells what ends. That it stands is what `ready` means; when it
 * breaks, the engine is away until a new one stands. Events only wake: what was missed meanwhile is seen by looking.
 */
export class EngineWatch {
  readonly #engine: Engine;
  readonly #over = new AbortController();
  readonly #diedListeners: ((died: Died) => void)[] = [];
  readonly #readinessListeners: ((readiness: Readiness) => void)[] = [];
  /** Who waits for the end of a container; called also when it may have been missed. */
  readonly #waits = new Set<() => void>();
  #readiness: Readiness = { ready: false, reason: STARTING };
  #stream: Readable | null = null;
  #running: Promise<void> | null = null;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get readiness(): Readiness {
    return this.#readiness;
  }

  onDied(listener: (died: Died) => void): void {
    this.#diedListeners.push(listener);
  }

  onReadiness(listener: (readiness: Readiness) => void): void {
    this.#readinessListeners.push(listener);
  }

  /**
   * Resolves once the first connection stands or has failed; goes on by itself until `close`. `connected` is called at
   * each new connection, before the engine counts as ready; a throw is a connection that failed.
   */
  async open(connected: () => Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#running = this.#run(connected, resolve);
    });
  }

  /** A call was not answered: looks anew whether the engine is there. */
  doubt(): void {
    this.#stream?.destroy();
  }

  /** Resolves when the container does not run (any more); rejects when the signal aborts or the engine goes away. */
  async ended(id: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const wait = this.#nextWake(id, signal);
      try {
        const found = await this.#engine.inspect(id);
        if (found === null || !found.isRunning) return;
        await wait.woken;
      } finally {
        wait.drop();
      }
      if (!this.#readiness.ready) throw new SandboxesAwayError(this.#readiness.reason);
    }
  }

  async close(): Promise<void> {
    this.#over.abort(new Error('the launcher lets go of the engine'));
    this.#stream?.destroy();
    await this.#running;
    this.#wakeAll();
  }

  #nextWake(id: string, signal: AbortSignal): { woken: Promise<void>; drop: () => void } {
    let drop = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      const wake = (): void => {
        drop();
        resolve();
      };
      const died = (event: Died): void => {
        if (event.id === id) wake();
      };
      drop = (): void => {
        this.#waits.delete(wake);
        signal.removeEventListener('abort', wake);
        const at = this.#diedListeners.indexOf(died);
        if (at >= 0) this.#diedListeners.splice(at, 1);
      };
      this.#waits.add(wake);
      this.#diedListeners.push(died);
      signal.addEventListener('abort', wake, { once: true });
    });
    return { woken, drop };
  }

  async #run(connected: () => Promise<void>, settled: () => void): Promise<void> {
    const { signal } = this.#over;
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#follow(connected, () => {
          failures = 0;
          settled();
        });
        this.#set({ ready: false, reason: 'the Docker engine has closed its connection' });
      } catch (error) {
        this.#set({ ready: false, reason: (error instanceof Error ? error.message : String(error)).slice(0, 1_000) });
      }
      settled();
      const pauseMs = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 1_000;
      failures += 1;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One connection, from its opening to its end. */
  async #follow(connected: () => Promise<void>, stands: () => void): Promise<void> {
    const stream = await this.#engine.events(LABEL.install);
    this.#stream = stream;
    try {
      const ended = this.#read(stream);
      ended.catch(() => undefined);
      if (this.#over.signal.aborted) return;
      await Promise.race([connected(), ended.then(() => Promise.reject(new Error('the Docker engine went away')))]);
      this.#set({ ready: true });
      stands();
      await ended;
    } finally {
      this.#stream = null;
      stream.destroy();
    }
  }

  #read(stream: Readable): Promise<void> {
    return new Promise((resolve, reject) => {
      let rest = '';
      stream.on('data', (chunk: Buffer) => {
        const lines = (rest + chunk.toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > MAX_EVENT_BYTES) stream.destroy();
        for (const line of lines) this.#hear(line);
      });
      stream.once('error', reject);
      stream.once('close', resolve);
    });
  }

  #hear(line: string): void {
    const event = DieEvent.safeParse(parseJson(line));
    if (!event.success) return;
    const { ID: id, Attributes: labels } = event.data.Actor;
    const died = { id, labels, exitCode: Number(labels['exitCode'] ?? -1) };
    for (const listener of this.#diedListeners.slice()) listener(died);
  }

  #set(readiness: Readiness): void {
    const before = this.#readiness;
    this.#readiness = readiness;
    this.#wakeAll();
    if (this.#over.signal.aborted || (before.ready && readiness.ready)) return;
    // Told when it changes, also the reason, and not at each of the tries in between.
    if (!before.ready && !readiness.ready && before.reason === readiness.reason) return;
    for (const listener of this.#readinessListeners) listener(readiness);
  }

  #wakeAll(): void {
    for (const wake of this.#waits) wake();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
