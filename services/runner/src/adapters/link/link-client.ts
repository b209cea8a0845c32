import { type CoordinatorMessage, LEASE, LINK_PATH, MAX_OUTPUT_CHUNK, type RunnerEvent } from '@roundhouse/contracts';
import { EventOutbox } from '../../domain/event-outbox.ts';
import { OutputRing } from '../../domain/output-ring.ts';
import type { Link, LinkEnd, LinkListener, Log } from '../../ports.ts';
import { LinkSocket } from './link-socket.ts';

export interface LinkTimes {
  readonly renewMs: number;
  /** How long an answer to a heartbeat may take before the connection counts as dead. */
  readonly answerMs: number;
  readonly selfFenceMs: number;
  /** How long the first welcome may take. */
  readonly startMs: number;
}

export const LINK_TIMES: LinkTimes = {
  renewMs: LEASE.renewMs,
  answerMs: 4_000,
  selfFenceMs: LEASE.selfFenceMs,
  startMs: LEASE.startTtlMs,
};

export interface LinkOptions {
  readonly coordinatorUrl: string;
  /** The Unix socket that the address leads to, where it is a door: dialled directly. */
  readonly door: string | null;
  readonly token: string;
  readonly log: Log;
  readonly times?: LinkTimes;
}

const RING_BYTES = 8 * 1024 * 1024;
/** Output is gathered for so long, or until a chunk is full: a chunk for each read would be four times as dear. */
const GATHER_MS = 4;
/** Output that is under way unacknowledged; more waits in the ring, where its size is bounded. */
const WINDOW_BYTES = 1024 * 1024;
const FIRST_RETRY_MS = 25;
const LAST_RETRY_MS = 1_000;

/**
 * The link over reconnects: dials until it is fenced or its lease is lost, sends again what is not acknowledged, renews
 * the lease. What ends the redialling is the lease: a runner that could not renew for `selfFenceMs` is not the owner.
 */
export class LinkClient implements Link {
  readonly welcomed: Promise<void>;
  readonly ended: Promise<LinkEnd>;
  readonly #options: LinkOptions;
  readonly #listener: LinkListener;
  readonly #times: LinkTimes;
  readonly #outbox = new EventOutbox();
  readonly #ring = new OutputRing(RING_BYTES);
  #socket: LinkSocket | null = null;
  #isWelcomed = false;
  #wasWelcomed = false;
  #finished = false;
  #retryMs = FIRST_RETRY_MS;
  #retryTimer: NodeJS.Timeout | undefined;
  #gatherTimer: NodeJS.Timeout | undefined;
  #answerTimer: NodeJS.Timeout | undefined;
  #leaseTimer: NodeJS.Timeout | undefined;
  #renewTimer: NodeJS.Timeout | undefined;
  readonly #drainWaiters = new Set<() => void>();
  #welcomedFirst: () => void = () => undefined;
  #end: (end: LinkEnd) => void = () => undefined;

  constructor(options: LinkOptions, listener: LinkListener) {
    this.#options = options;
    this.#listener = listener;
    this.#times = options.times ?? LINK_TIMES;
    this.welcomed = new Promise((resolve) => (this.#welcomedFirst = resolve));
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#extendLease(this.#times.startMs);
    this.#dial();
  }

  report(event: RunnerEvent): void {
    // What was printed before is told before: who sees the event finds the output that led to it.
    this.#flush();
    const numbered = this.#outbox.add(event);
    if (this.#isWelcomed) this.#socket?.send({ type: 'event', ...numbered });
  }

  output(data: Uint8Array): void {
    this.#ring.append(data);
    this.#gather();
  }

  drained(boundMs: number): Promise<boolean> {
    if (this.#isDrained()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#drainWaiters.delete(settle);
        resolve(this.#isDrained());
      };
      const timer = setTimeout(settle, boundMs);
      this.#drainWaiters.add(settle);
    });
  }

  close(): void {
    if (this.#finished) return;
    this.#stopTimers();
    this.#socket?.close();
  }

  #isDrained(): boolean {
    return this.#outbox.pending().length === 0 && this.#ring.unsentBytes === 0 && this.#ring.inFlightBytes === 0;
  }

  #dial(): void {
    const url = new URL(LINK_PATH, this.#options.coordinatorUrl);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new LinkSocket(
      { url: url.href, door: this.#options.door, token: this.#options.token },
      {
        onMessage: (message) => {
          if (this.#socket === socket) this.#take(message, socket);
        },
      },
    );
    this.#socket = socket;
    void socket.ended.then((end) => {
      if (this.#socket !== socket || this.#finished) return;
      this.#socket = null;
      this.#isWelcomed = false;
      clearTimeout(this.#answerTimer);
      clearInterval(this.#renewTimer);
      socket.terminate();
      if (end.kind !== 'again') return this.#finish({ kind: end.kind, reason: end.reason });
      this.#options.log.warn({ reason: end.reason, retryMs: this.#retryMs }, 'link interrupted');
      this.#retryTimer = setTimeout(() => this.#dial(), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    });
  }

  #take(message: CoordinatorMessage, socket: LinkSocket): void {
    switch (message.type) {
      case 'welcome':
        return this.#welcome(message, socket);
      case 'desired':
        return this.#listener.onDesired(message.desired);
      case 'ack':
        this.#outbox.acknowledge(message.eventSeq);
        return this.#wakeDrained();
      case 'output_ack':
        this.#ring.acknowledge(message.outputOffset);
        this.#flush();
        return this.#wakeDrained();
      case 'renewed':
        clearTimeout(this.#answerTimer);
        this.#answerTimer = undefined;
        return this.#extendLease(this.#times.selfFenceMs);
    }
  }

  #welcome(message: Extract<CoordinatorMessage, { type: 'welcome' }>, socket: LinkSocket): void {
    this.#isWelcomed = true;
    this.#retryMs = FIRST_RETRY_MS;
    this.#outbox.acknowledge(message.eventSeq);
    for (const numbered of this.#outbox.pending()) socket.send({ type: 'event', ...numbered });
    this.#ring.rewind(message.outputOffset);
    this.#flush();
    this.#extendLease(this.#times.selfFenceMs);
    this.#renewTimer = setInterval(() => this.#beat(socket), this.#times.renewMs);
    // The first welcome is a lease itself, and what comes after it is the agent's start.
    if (this.#wasWelcomed) this.#beat(socket);
    this.#wasWelcomed = true;
    this.#welcomedFirst();
    this.#listener.onDesired(message.desired);
    this.#wakeDrained();
  }

  #beat(socket: LinkSocket): void {
    socket.send({ type: 'heartbeat' });
    this.#answerTimer ??= setTimeout(() => socket.terminate(), this.#times.answerMs);
    this.#listener.onBeat();
  }

  #extendLease(ms: number): void {
    clearTimeout(this.#leaseTimer);
    if (this.#finished) return;
    this.#leaseTimer = setTimeout(
      () => this.#finish({ kind: 'lost', reason: `the lease was not renewed for ${ms} ms` }),
      ms,
    );
  }

  #gather(): void {
    if (this.#ring.unsentBytes >= MAX_OUTPUT_CHUNK) return this.#flush();
    this.#gatherTimer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  #flush(): void {
    clearTimeout(this.#gatherTimer);
    this.#gatherTimer = undefined;
    if (!this.#isWelcomed || this.#socket === null) return;
    while (this.#ring.inFlightBytes < WINDOW_BYTES) {
      const chunk = this.#ring.take(MAX_OUTPUT_CHUNK);
      if (chunk === null) return;
      const data = Buffer.from(chunk.data.buffer, chunk.data.byteOffset, chunk.data.length).toString('base64');
      this.#socket.send({ type: 'output', offset: chunk.offset, data, skipped: chunk.skipped });
    }
  }

  #wakeDrained(): void {
    if (this.#isDrained()) for (const wake of this.#drainWaiters) wake();
  }

  #finish(end: LinkEnd): void {
    if (this.#finished) return;
    this.#stopTimers();
    this.#socket?.terminate();
    this.#end(end);
  }

  #stopTimers(): void {
    this.#finished = true;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#gatherTimer);
    clearTimeout(this.#answerTimer);
    clearTimeout(this.#leaseTimer);
    clearInterval(this.#renewTimer);
    for (const wake of this.#drainWaiters) wake();
  }
}
