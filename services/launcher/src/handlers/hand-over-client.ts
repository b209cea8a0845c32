import { type Socket } from 'node:net';
import { type LauncherHandOver, MAX_HAND_OVER_LINE, RunnerHandOver } from '@roundhouse/contracts';
import { connectWhenThere } from './socket-when-there.ts';

/** The runner spoke, but not the protocol, or it went away before it was ready. */
export class HandOverError extends Error {
  override readonly name = 'HandOverError';
}

export type HandOverAnswer =
  | { readonly outcome: 'taken' }
  /** Also where the runner has gone away or the signal aborted: nobody may rely on it any more. */
  | { readonly outcome: 'refused'; readonly reason: string };

/**
 * The launcher's side of a runner's hand-over socket (contracts/hand-over.ts): one connection, kept open from `ready` on
 * so that handing over is one write. One `assign` at a time.
 */
export interface HandOver {
  /** The runner's process id, in its own process namespace. */
  readonly runnerPid: number;
  /** False once the connection is over: the runner is gone, or has been told so by `close`. */
  readonly isOpen: boolean;
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>;
  /** Writes `assign` before it returns; resolves with what the runner says to it. */
  assign(message: LauncherHandOver, signal: AbortSignal): Promise<HandOverAnswer>;
  /** Calls `listener` each time that the runner says `ready` again; the last one that was given, and no other. */
  onReady(listener: () => void): void;
  /** Calls `listener` when the runner says why it will not be ready again; the last one that was given, and no other. */
  onSpent(listener: (reason: string) => void): void;
  close(): void;
}

/**
 * Connects to the socket at `path` (107 bytes at most), also one that is not there yet, and resolves when the runner has
 * said `ready`. Rejects with the signal's reason, or a HandOverError.
 */
export async function openHandOver(path: string, signal: AbortSignal): Promise<HandOver> {
  const socket = await connectWhenThere(path, signal);
  return await new Promise((resolve, reject) => {
    const connection = new Connection(socket, settle);
    const abort = (): void => {
      socket.destroy();
      settle();
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    function settle(): void {
      signal.removeEventListener('abort', abort);
      if (connection.isReady) resolve(connection);
      else reject(signal.aborted ? (signal.reason as Error) : new HandOverError(connection.fault));
    }
  });
}

class Connection implements HandOver {
  runnerPid = 0;
  isReady = false;
  /** Why the connection is over, for a person. */
  fault = 'the runner closed its hand-over socket';
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  /** Called when the first `ready` was heard, or never will be. */
  readonly #settled: () => void;
  #onReady: () => void = () => undefined;
  #onSpent: (reason: string) => void = () => undefined;
  #line: Buffer[] = [];
  #lineBytes = 0;
  #answer: ((answer: HandOverAnswer) => void) | null = null;

  constructor(socket: Socket, settled: () => void) {
    this.#socket = socket;
    this.#settled = settled;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#answer?.({ outcome: 'refused', reason: this.fault });
        this.#answer = null;
        settled();
        resolve();
      });
    });
    socket.on('error', (error) => (this.fault = `the hand-over socket failed: ${error.message}`));
    socket.on('end', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  assign(message: LauncherHandOver, signal: AbortSignal): Promise<HandOverAnswer> {
    if (!this.isOpen) return Promise.resolve({ outcome: 'refused', reason: this.fault });
    if (this.#answer !== null) return Promise.resolve({ outcome: 'refused', reason: 'it has another attempt' });
    return new Promise((resolve) => {
      const giveUp = (): void => this.#answer?.({ outcome: 'refused', reason: 'the runner did not answer in time' });
      this.#answer = (answer) => {
        signal.removeEventListener('abort', giveUp);
        this.#answer = null;
        resolve(answer);
      };
      this.#socket.write(`${JSON.stringify(message)}\n`);
      signal.addEventListener('abort', giveUp, { once: true });
      if (signal.aborted) giveUp();
    });
  }

  onReady(listener: () => void): void {
    this.#onReady = listener;
  }

  onSpent(listener: (reason: string) => void): void {
    this.#onSpent = listener;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0 && this.isOpen; end = rest.indexOf(10)) {
      const line = Buffer.concat([...this.#line, rest.subarray(0, end)]);
      this.#line = [];
      this.#lineBytes = 0;
      rest = rest.subarray(end + 1);
      this.#hear(line);
    }
    if (rest.length === 0) return;
    this.#line.push(rest);
    this.#lineBytes += rest.length;
    if (this.#lineBytes > MAX_HAND_OVER_LINE) this.#break('it sent a line that is too long');
  }

  #hear(line: Buffer): void {
    const parsed = RunnerHandOver.safeParse(line.length > MAX_HAND_OVER_LINE ? null : parseJson(line.toString('utf8')));
    if (!parsed.success) return this.#break('it sent something that is no hand-over message');
    const message = parsed.data;
    switch (message.type) {
      case 'ready':
        return this.#ready(message.pid);
      case 'taken':
        return this.#answered({ outcome: 'taken' });
      case 'refused':
        return this.#answered({ outcome: 'refused', reason: message.reason });
      case 'spent':
        return this.#onSpent(message.reason);
    }
  }

  #ready(pid: number): void {
    this.runnerPid = pid;
    if (this.isReady) {
      this.#onReady();
      return;
    }
    this.isReady = true;
    this.#settled();
  }

  #answered(answer: HandOverAnswer): void {
    // An answer to an assignment that was given up already: who gave up ends the sandbox.
    this.#answer?.(answer);
  }

  #break(why: string): void {
    this.fault = `the runner does not speak the hand-over protocol: ${why}`;
    this.#socket.destroy();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
