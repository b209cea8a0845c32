import type { Logger } from 'pino';
import type { WebhookPost, Webhooks } from '../ports/notifications.ts';

const EVERY_MS = 1_000;
/** How many are posted at once. */
const LANES = 8;

/**
 * Posts webhook messages whose try is due, eight at once; each coordinator's one at a time. Between two tries of the same
 * message its pause has doubled, and after a day without success it is dropped. Resolves once it has stopped.
 */
export function postWebhooks(
  webhooks: Webhooks,
  { post }: WebhookPost,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const lanes = new Set<Promise<void>>();

  const one = async (): Promise<boolean> => {
    const tried = await webhooks.take();
    if (tried === null) return false;
    const error = await post(tried, signal);
    // One that the stop cut is not a failure of theirs; another process takes it over.
    if (signal.aborted && error !== null) return false;
    const outcome = await webhooks.settle(tried, error);
    const { coordinatorId, id } = tried;
    if (outcome === 'dropped') log.error({ coordinatorId, messageId: id, error }, 'a webhook message is dropped');
    else log.debug({ coordinatorId, messageId: id, outcome, error }, 'a webhook was tried');
    return true;
  };
  const lane = async (): Promise<void> => {
    try {
      while (!signal.aborted && (await one())) continue;
    } catch (error) {
      log.warn({ err: error }, 'webhooks could not be looked at; the next look is in a second');
    }
  };
  const every = setInterval(() => {
    if (lanes.size >= LANES) return;
    const running = lane().finally(() => lanes.delete(running));
    lanes.add(running);
  }, EVERY_MS);
  return new Promise((resolve) => {
    const stop = (): void => {
      clearInterval(every);
      void Promise.all(lanes).then(() => resolve());
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
