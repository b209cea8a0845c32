import { setTimeout as delay } from 'node:timers/promises';

const BOUND_MS = 40_000;
const PAUSE_MS = 20;

/** Looks until there is something (neither null, undefined nor false). For what happens behind an answer, in its own time. */
export async function waitFor<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = performance.now() + BOUND_MS;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${BOUND_MS} ms`);
    await delay(PAUSE_MS);
  }
}
