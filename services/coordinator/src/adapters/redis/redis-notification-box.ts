import { NotificationEntry, NotificationMessage } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { NotificationTimes } from '../../domain/notification-times.ts';
import type { NotificationBox } from '../../ports/notifications.ts';
import { answersOf } from './answers.ts';
import { KEYS } from './keys.ts';
import { KEPT_EVENTS } from './redis-event-log.ts';
import { loadScript } from './script.ts';

/** How many entries one message has at most. */
const MAX_ENTRIES = 100;
/** A wait whose process died counts no longer than any wait may last, ms. */
const LISTENING_MS = 70_000;

/** A hash of entries and a sorted set of their instants for each coordinator; `commit.lua` writes both with the tasks. */
export async function createRedisNotificationBox(
  redis: Redis,
  { urgentMs, againMs }: NotificationTimes,
): Promise<NotificationBox> {
  const [expired, claim, postpone, forget, begin, end] = await Promise.all([
    loadScript('expired'),
    loadScript('claim-notifications'),
    loadScript('postpone-notifications'),
    loadScript('forget-notifications'),
    loadScript('begin-listening'),
    loadScript('end-listening'),
  ]);
  const ofBox = (id: string): string[] => [KEYS.box(id), KEYS.pendingNotifications(id), KEYS.dueNotifications];

  return {
    due: async (limit) => (await expired.run(redis, [KEYS.dueNotifications], [limit])) as string[],

    async claim(id, messageId, at) {
      const keys = [
        KEYS.dueNotifications,
        KEYS.pendingNotifications(id),
        KEYS.box(id),
        KEYS.listening(id),
        KEYS.events(id),
        KEYS.coordinators,
        KEYS.webhooks,
        KEYS.webhookTries,
        KEYS.outbox,
      ];
      const args = [id, messageId, at, againMs, MAX_ENTRIES, KEPT_EVENTS, KEYS.channel];
      const message = (await claim.run(redis, keys, args)) as string | null;
      return message === null ? null : NotificationMessage.parse(JSON.parse(message));
    },

    async postpone(id) {
      await postpone.run(redis, ofBox(id), [id, againMs, '']);
    },

    async told(id, seen) {
      if (seen.length > 0) await postpone.run(redis, ofBox(id), [id, againMs, JSON.stringify(seen)]);
    },

    async entries(id) {
      const reading = redis
        .multi()
        .hgetall(KEYS.box(id))
        .zrange(KEYS.pendingNotifications(id), '0', '-1', 'WITHSCORES');
      const [entries, scores] = (await answersOf(reading)) as [Record<string, string>, string[]];
      const due = new Map<string, number>();
      for (let at = 0; at < scores.length; at += 2) due.set(scores[at] ?? '', Number(scores[at + 1]));
      return Object.entries(entries).map(([taskId, text]) => ({
        entry: NotificationEntry.parse(JSON.parse(text)),
        dueMs: due.get(taskId) ?? 0,
      }));
    },

    async forget(id, ids) {
      const wanted = ids === null ? '' : JSON.stringify(ids);
      const [gone, pending] = (await forget.run(redis, ofBox(id), [id, wanted])) as [number, number];
      return { gone, pending };
    },

    async beginListening(id, callId) {
      await begin.run(redis, [KEYS.listening(id)], [callId, LISTENING_MS]);
    },

    async endListening(id, callId) {
      const keys = [KEYS.listening(id), KEYS.pendingNotifications(id), KEYS.dueNotifications];
      await end.run(redis, keys, [callId, id, urgentMs]);
    },

    isListening: async (id) => (await redis.zcount(KEYS.listening(id), `(${Date.now()}`, '+inf')) > 0,
  };
}
