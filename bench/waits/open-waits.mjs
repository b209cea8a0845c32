import { httpCall } from '../simulated/http-call.mjs';
import { monotonicMs } from '../statistics.mjs';

/**
 * So many waits of one coordinator, each on a connection of its own; one that is answered is opened again.
 *
 * @param {string} url
 * @param {{ id: string, token: string }} owner
 * @param {number} count
 */
export function openWaits(url, owner, count) {
  const headers = { authorization: `Bearer ${owner.token}`, 'x-coordinator-id': owner.id };
  const over = new AbortController();
  /** @type {((at: number) => void)[]} */
  const listeners = [];
  const wait = async () => {
    while (!over.signal.aborted) {
      const answer = await httpCall(url, 'POST', '/api/wait-signal', headers, { timeoutMs: 55_000 });
      const at = monotonicMs();
      if (answer.outcome === 'signal') listeners.shift()?.(at);
    }
  };
  return {
    /** Resolves when all of them stand open, as the service counts them. */
    async open() {
      for (let index = 0; index < count; index += 1)
        wait().catch((error) => {
          if (!over.signal.aborted) throw error;
        });
      for (;;) {
        const { openWaits: standing } = await httpCall(url, 'GET', `/api/coordinators/${owner.id}/access`, headers);
        if (standing >= count) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    /** The instant of the next answer with a signal. @returns {Promise<number>} */
    next: () => new Promise((resolve) => listeners.push(resolve)),
    close() {
      over.abort();
    },
  };
}
