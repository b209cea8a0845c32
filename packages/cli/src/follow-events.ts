import { type ApiClient, type CallOf, type OPERATIONS, type PlacedEvent, RoundhouseError } from '@roundhouse/contracts';

type Filter = Pick<CallOf<(typeof OPERATIONS)['waitForEvents']>, 'kinds' | 'taskIds'>;

/** How long one wait is, milliseconds: less than what cuts a silent call. */
const WAIT_MS = 50_000;

/** The place from which on `nextEvents` tells what happens. Taken before the state is read, nothing falls in between. */
export const eventsFromNow = async (client: ApiClient): Promise<string> =>
  (await client.call('waitForEvents', { timeoutMs: 0 })).cursor;

/**
 * Waits for events behind a cursor, at most `leftMs`. What is not kept any more is passed over: the caller reads the state
 * anew after each answer, so all that it loses is when something happened.
 */
export async function nextEvents(
  client: ApiClient,
  cursor: string,
  { leftMs = WAIT_MS, ...filter }: Filter & { readonly leftMs?: number },
): Promise<{ events: readonly PlacedEvent[]; cursor: string; more: boolean }> {
  const timeoutMs = Math.ceil(Math.max(0, Math.min(leftMs, WAIT_MS)));
  try {
    return await client.call('waitForEvents', { ...filter, cursor, timeoutMs });
  } catch (error) {
    if (!(error instanceof RoundhouseError) || error.code !== 'cursor_expired') throw error;
    return { events: [], cursor: await eventsFromNow(client), more: false };
  }
}
