import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createBullmqAttemptQueue } from './adapters/bullmq/bullmq-attempt-queue.ts';
import { createFileRecordings, recordingFiles } from './adapters/files/file-recordings.ts';
import { createGitHubs } from './adapters/git/git-hubs.ts';
import { createGitSmartHttp } from './adapters/git/git-smart-http.ts';
import { createTrustedGit } from './adapters/git/trusted-git.ts';
import { connectRedis } from './adapters/redis/connection.ts';
import { createRedisAccessFeed } from './adapters/redis/redis-access-feed.ts';
import { createRedisAuditLog } from './adapters/redis/redis-audit-log.ts';
import { createRedisCoordinatorAccess } from './adapters/redis/redis-coordinator-access.ts';
import { createRedisAdmissionIndex } from './adapters/redis/redis-admission-index.ts';
import { createRedisBreakerStore } from './adapters/redis/redis-breaker-store.ts';
import { createRedisEventFeed } from './adapters/redis/redis-event-feed.ts';
import { createRedisEventLog } from './adapters/redis/redis-event-log.ts';
import { createRedisIdempotencyStore } from './adapters/redis/redis-idempotency-store.ts';
import { createRedisKeptWaits } from './adapters/redis/redis-kept-waits.ts';
import { createRedisLaunchers } from './adapters/redis/redis-launchers.ts';
import { createRedisNotificationBox } from './adapters/redis/redis-notification-box.ts';
import { createRedisOutbox } from './adapters/redis/redis-outbox.ts';
import { createRedisPairings } from './adapters/redis/redis-pairings.ts';
import { createRedisPresence } from './adapters/redis/redis-presence.ts';
import { createRedisRecentProfiles } from './adapters/redis/redis-recent-profiles.ts';
import { createRedisRegistry } from './adapters/redis/redis-registry.ts';
import { createRedisTaskStore } from './adapters/redis/redis-task-store.ts';
import { createRedisTokenStore } from './adapters/redis/redis-token-store.ts';
import { createRedisWebhooks } from './adapters/redis/redis-webhooks.ts';
import { createWorkerSchemaCheck } from './adapters/schema/worker-schema-check.ts';
import { createHttpWebhookPost } from './adapters/webhook/http-webhook-post.ts';
import { createWorkerRenderings } from './adapters/terminal/worker-renderings.ts';
import { createApp } from './app.ts';
import type { Config } from './config.ts';
import { executeEffect } from './effects/execute-effects.ts';
import { createCallRecorder } from './effects/record-calls.ts';
import { createAdmissionPass } from './handlers/admission/pass.ts';
import { createNoticeDesk } from './handlers/notice-desk.ts';
import { noticeWork } from './handlers/take-notice.ts';
import { expireHolds } from './effects/expire-holds.ts';
import { postWebhooks } from './effects/post-webhooks.ts';
import { reapAttempts } from './effects/reap-attempts.ts';
import { tellCoordinators } from './effects/tell-coordinators.ts';
import { wakeAdmission } from './effects/wake-admission.ts';
import type { ServiceDeps } from './http/implementations.ts';
import type { Clock } from './ports/clock.ts';

export const VERSION = '0.1.0';

/** The running coordinator: everything made, joined and owned here. */
export async function startCoordinator(config: Config, log: Logger): Promise<{ url: string; stop(): Promise<void> }> {
  const redis = await connectRedis(config.redis, log, 'commands');
  const subscriber = await connectRedis(config.redis, log, 'blocking');
  const blocking = await connectRedis(config.redis, log, 'blocking');
  await mkdir(config.dataFolder, { recursive: true, mode: 0o700 });

  const git = await createTrustedGit(config.dataFolder, config.path);
  const hubs = createGitHubs(git, join(config.dataFolder, 'hubs'));
  const queue = createBullmqAttemptQueue(redis);
  const tokens = await createRedisTokenStore(redis);
  const audit = await createRedisAuditLog(redis, config.auditEntries);
  const calls = createCallRecorder(audit, log);
  await tokens.adopt((await readFile(config.operatorTokenFile, 'utf8')).trim(), 'operator token');
  await tokens.adopt((await readFile(config.launcherTokenFile, 'utf8')).trim(), 'launcher token');

  const recordingsFolder = join(config.dataFolder, 'recordings');
  const renderings = createWorkerRenderings(recordingFiles(recordingsFolder), log);

  let url = '';
  const clock: Clock = { now: () => new Date().toISOString(), nextId: () => randomUUID() };
  const [store, feed] = [
    await createRedisTaskStore(redis, config.notifications),
    await createRedisEventFeed(subscriber),
  ];
  const deps: ServiceDeps = {
    store,
    feed,
    notices: createNoticeDesk(feed, noticeWork({ store, clock, log })),
    events: createRedisEventLog(redis),
    registry: await createRedisRegistry(redis),
    admission: createRedisAdmissionIndex(redis),
    breakers: await createRedisBreakerStore(redis),
    schemas: createWorkerSchemaCheck(log),
    maxRunning: config.maxRunning,
    launchers: await createRedisLaunchers(redis),
    profiles: createRedisRecentProfiles(redis),
    tokens,
    access: createRedisCoordinatorAccess(redis),
    accessFeed: await createRedisAccessFeed(subscriber),
    pairings: await createRedisPairings(redis),
    audit,
    presence: createRedisPresence(redis),
    notifications: await createRedisNotificationBox(redis, config.notifications),
    webhooks: await createRedisWebhooks(redis, config.webhooks),
    webhookPost: createHttpWebhookPost(config.webhooks.allowPrivate),
    hubs,
    recordings: createFileRecordings(recordingsFolder),
    renderings,
    clock,
    log,
    publicUrl: () => config.publicUrl ?? url,
    idempotency: createRedisIdempotencyStore(redis),
    keptWaits: await createRedisKeptWaits(redis, subscriber),
    version: VERSION,
    ping: async () => {
      const from = performance.now();
      await redis.ping();
      return Math.round((performance.now() - from) * 100) / 100;
    },
  };

  const stopping = new AbortController();
  const app = await createApp({
    deps,
    git: createGitSmartHttp(git, hubs.gitDir, log),
    log,
    calls,
    allowedHosts: config.allowedHosts,
    rateLimits: config.rateLimits,
    eventStream: config.eventStream,
    stopping: stopping.signal,
  });
  url = await app.listen({ host: config.host, port: config.port });

  const outbox = createRedisOutbox(redis, blocking, randomUUID(), log);
  const effectDeps = { ...deps, queue, admit: createAdmissionPass(deps) };
  const draining = outbox.drain((effect, tries) => executeEffect(effectDeps, effect, tries), stopping.signal);
  reapAttempts(deps, stopping.signal);
  expireHolds(deps, stopping.signal);
  const waking = wakeAdmission(effectDeps, stopping.signal);
  const telling = tellCoordinators(deps, stopping.signal);
  const posting = postWebhooks(deps.webhooks, deps.webhookPost, log, stopping.signal);

  return {
    url,
    async stop() {
      stopping.abort();
      await app.close();
      await calls.stop();
      await draining;
      await Promise.all([waking, telling, posting]);
      await renderings.stop();
      await queue.close();
      for (const connection of [redis, subscriber, blocking]) connection.disconnect();
    },
  };
}
