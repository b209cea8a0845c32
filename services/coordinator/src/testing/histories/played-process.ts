import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { createRedisAdmissionIndex } from '../../adapters/redis/redis-admission-index.ts';
import { createRedisAuditLog } from '../../adapters/redis/redis-audit-log.ts';
import { createRedisBreakerStore } from '../../adapters/redis/redis-breaker-store.ts';
import { createRedisCoordinatorAccess } from '../../adapters/redis/redis-coordinator-access.ts';
import { createRedisEventLog } from '../../adapters/redis/redis-event-log.ts';
import { createRedisIdempotencyStore } from '../../adapters/redis/redis-idempotency-store.ts';
import { createRedisLaunchers } from '../../adapters/redis/redis-launchers.ts';
import { createRedisNotificationBox } from '../../adapters/redis/redis-notification-box.ts';
import { createRedisPairings } from '../../adapters/redis/redis-pairings.ts';
import { createRedisPresence } from '../../adapters/redis/redis-presence.ts';
import { createRedisRecentProfiles } from '../../adapters/redis/redis-recent-profiles.ts';
import { createRedisRegistry } from '../../adapters/redis/redis-registry.ts';
import { createRedisTaskStore } from '../../adapters/redis/redis-task-store.ts';
import { createRedisTokenStore } from '../../adapters/redis/redis-token-store.ts';
import { createRedisWebhooks } from '../../adapters/redis/redis-webhooks.ts';
import { createFileRecordings } from '../../adapters/files/file-recordings.ts';
import { createWorkerSchemaCheck } from '../../adapters/schema/worker-schema-check.ts';
import { createWorkerRenderings } from '../../adapters/terminal/worker-renderings.ts';
import { createHttpWebhookPost } from '../../adapters/webhook/http-webhook-post.ts';
import { NOTIFICATION_TIMES } from '../../domain/notification-times.ts';
import type { EffectDeps } from '../../effects/execute-effects.ts';
import { createAdmissionPass } from '../../handlers/admission/pass.ts';
import type { Deps } from '../../handlers/deps.ts';
import { createNoticeDesk } from '../../handlers/notice-desk.ts';
import { noticeWork } from '../../handlers/take-notice.ts';
import { createIdempotency, type Idempotency } from '../../http/idempotency.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventFeed } from '../../ports/events.ts';
import type { IdempotencyStore } from '../../ports/idempotency.ts';
import { type FaultyConnection, type Traffic, faultyConnection } from './faulty-connection.ts';
import { type HubLedger, memoryHub } from './memory-hub.ts';

export interface Surroundings {
  readonly redis: Redis;
  readonly traffic: Traffic;
  readonly feed: EventFeed;
  readonly hub: HubLedger;
  /** What launchers were handed, `task attempt`, as long as nobody has taken it. */
  readonly jobs: Set<string>;
  readonly maxRunning: number | null;
  readonly log: Logger;
  /** The instant that all processes agree on, ms. */
  readonly nowMs: () => number;
}

/** One coordinator process: the real handlers and adapters over a connection that can fail, with a clock of its own. */
export interface PlayedProcess {
  readonly deps: EffectDeps & { readonly idempotency: IdempotencyStore };
  readonly idempotency: Idempotency;
  readonly connection: FaultyConnection;
  /** Aborted when the process is gone. */
  readonly gone: AbortController;
  /** How far its clock is off, ms. */
  skewMs: number;
}

export async function startPlayedProcess(around: Surroundings, skewMs: number): Promise<PlayedProcess> {
  const connection = faultyConnection(around.redis, around.traffic);
  const { redis } = connection;
  const clock: Clock = {
    now: () => new Date(around.nowMs() + played.skewMs).toISOString(),
    nextId: () => randomUUID(),
  };
  const [store, registry, breakers, launchers, tokens, pairings, audit] = await Promise.all([
    createRedisTaskStore(redis),
    createRedisRegistry(redis),
    createRedisBreakerStore(redis),
    createRedisLaunchers(redis),
    createRedisTokenStore(redis),
    createRedisPairings(redis),
    createRedisAuditLog(redis, 1_000),
  ]);
  const idempotency = createRedisIdempotencyStore(redis);
  const deps: Deps & { readonly idempotency: IdempotencyStore } = {
    store,
    feed: around.feed,
    notices: createNoticeDesk(around.feed, noticeWork({ store, clock, log: around.log })),
    events: createRedisEventLog(redis),
    registry,
    admission: createRedisAdmissionIndex(redis),
    breakers,
    schemas: createWorkerSchemaCheck(around.log),
    maxRunning: around.maxRunning,
    launchers,
    profiles: createRedisRecentProfiles(redis),
    tokens,
    access: createRedisCoordinatorAccess(redis),
    accessFeed: { onToken: () => () => undefined, onCoordinator: () => () => undefined },
    pairings,
    audit,
    presence: createRedisPresence(redis),
    notifications: await createRedisNotificationBox(redis, NOTIFICATION_TIMES),
    webhooks: await createRedisWebhooks(redis, { firstPauseMs: 1_000, longestPauseMs: 60_000, giveUpMs: 600_000 }),
    webhookPost: createHttpWebhookPost(false),
    hubs: memoryHub(around.hub),
    recordings: createFileRecordings('/nonexistent'),
    renderings: createWorkerRenderings(() => '/nonexistent', around.log),
    clock,
    log: around.log,
    publicUrl: () => 'http://127.0.0.1:1',
    idempotency,
  };
  const queue = {
    enqueue: (taskId: string, attempt: number) => Promise.resolve(void around.jobs.add(`${taskId} ${attempt}`)),
  };
  const played: PlayedProcess = {
    deps: { ...deps, queue, admit: createAdmissionPass(deps) },
    idempotency: createIdempotency(idempotency),
    connection,
    gone: new AbortController(),
    skewMs,
  };
  return played;
}
