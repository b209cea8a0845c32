import { lookup } from 'node:dns/promises';
import type { Resolve } from '../../ports.ts';

/**
 * The system's resolver blocks one of libuv's four threads for as long as a question stands open. With two at once
 * a sandbox that asks for slow names leaves the others, with which the doors dial and the files are read, alone.
 */
const AT_ONCE = 2;
/** The most addresses of one name that are looked at. */
const MAX_ADDRESSES = 8;

type Lookup = (name: string) => Promise<readonly { readonly address: string }[]>;

const systemLookup: Lookup = (name) => lookup(name, { all: true });

/** Resolves as the machine does (hosts file, search path, its name servers), two names at a time, the others wait. */
export function createResolver(ask: Lookup = systemLookup): Resolve {
  const waiting = new Set<() => void>();
  let running = 0;

  const turn = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (running < AT_ONCE) {
      running += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        signal.removeEventListener('abort', leave);
        running += 1;
        resolve();
      };
      const leave = (): void => {
        waiting.delete(start);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(start);
    });
  };
  const next = (): void => {
    running -= 1;
    const [first] = waiting;
    if (first === undefined) return;
    waiting.delete(first);
    first();
  };

  return async (name, signal) => {
    await turn(signal);
    // The question itself cannot be taken back: its thread is free when it is answered, not when nobody waits any more.
    const answer = ask(name).finally(next);
    const found = await orAborted(answer, signal);
    return found.slice(0, MAX_ADDRESSES).map(({ address }) => address);
  };
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
