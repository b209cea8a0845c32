import type { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerEventBus } from '@modelcontextprotocol/server';
import { followNotifications } from './follow-notifications.ts';
import type { Caller } from './identity.ts';
import type { Logger } from './logger.ts';
import { mayBeTold, NOTIFICATIONS_URI } from './notifications-resource.ts';

/**
 * What open `subscriptions/listen` streams of the HTTP gateway hear. There is no bus: each stream follows its own caller's
 * coordinator for as long as it is open. Who the caller is comes with the request that opens the stream.
 */
export const createNotificationBus = (
  coordinatorUrl: string,
  callers: AsyncLocalStorage<Caller>,
  log: Logger,
): ServerEventBus => ({
  publish: () => undefined,
  subscribe: (listener) => {
    const caller = callers.getStore();
    if (caller === undefined || !mayBeTold(caller.role)) return () => undefined;
    const told = (): void => listener({ kind: 'resource_updated', uri: NOTIFICATIONS_URI });
    return followNotifications(coordinatorUrl, caller, told, log);
  },
});
