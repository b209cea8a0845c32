import { lookup } from 'node:dns/promises';
import type { Resolve } from '../../ports.ts';
import { Turns } from './turns.ts';

/**
 * The system's resolver blocks one of libuv's four threads for as long as a question stands open. With two at once
 * sandboxes that ask for slow names leave the others, with which the doors dial and the files are read, alone.
 */
const AT_ONCE = 2;
/** The most addresses of one name that are looked at. */
const MAX_ADDRESSES = 8;

type Lookup = (name: string) => Promise<readonly { readonly address: string }[]>;

const systemLookup: Lookup = (name) => lookup(name, { all: true });

/**
 * Resolves as the machine does (hosts file, search path, its name servers), two names at a time, the others wait. Each
 * call answers the questions of one sandbox: one of them at a time, so that no sandbox alone holds up the others.
 */
export function createResolver(ask: Lookup = systemLookup): () => Resolve {
  const all = new Turns(AT_ONCE);
  return () => {
    const own = new Turns(1);
    return async (name, signal) => {
      await own.take(signal);
      await all.take(signal).catch((error: unknown) => {
        own.next();
        throw error;
      });
      // The question itself cannot be taken back: its thread is free when it is answered, not when nobody waits any more.
      const answer = ask(name).finally(() => {
        all.next();
        own.next();
      });
      const found = await orAborted(answer, signal);
      return found.slice(0, MAX_ADDRESSES).map(({ address }) => address);
    };
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
