import { setTimeout as delay } from 'node:timers/promises';

/** Looks until `check` answers something other than null, undefined or false, at most `waitMs`. For what tells nobody. */
export async function eventually<T>(
  check: () => Promise<T> | T,
  what: string,
  waitMs = 40_000,
): Promise<NonNullable<T>> {
  for (const end = Date.now() + waitMs; Date.now() < end; await delay(15)) {
    const found = await check();
    if (found !== null && found !== undefined && found !== false) return found;
  }
  throw new Error(`not within ${waitMs} ms: ${what}`);
}
