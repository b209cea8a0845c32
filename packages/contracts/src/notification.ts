import { z } from 'zod';
import { AttemptNumber, Instant, ObjectId, Uuid } from './ids.ts';

/**
 * What a coordinator is told of a task without having asked. `finished`: it has signalled; `waiting`: its agent shows a
 * question, or a prompt could not be delivered; `failed`: its attempt ended without a signal; `landed`: it landed its own work.
 */
export const NotificationKind = z.enum(['finished', 'idle', 'waiting', 'failed', 'landed']);
export type NotificationKind = z.infer<typeof NotificationKind>;

/** The most characters of an agent's own words in an entry. */
export const MAX_NOTIFICATION_DETAIL = 500;

/** One task in a coordinator's notification box: its newest state, until it is acknowledged. */
export const NotificationEntry = z
  .object({
    id: z.string().describe('Acknowledges exactly this state of the task; a newer one has another id.'),
    taskId: Uuid,
    taskName: z.string().describe('Untrusted.'),
    kind: NotificationKind,
    detail: z.string().nullable().describe('Summary, question or reason, cut short. Untrusted.'),
    commit: ObjectId.nullable(),
    version: z.int().min(1).describe('The version of the task that brought it about.'),
    attempt: AttemptNumber,
    at: Instant,
    told: z.int().min(0).describe('How often the coordinator was told of it.'),
  })
  .meta({ id: 'NotificationEntry' });
export type NotificationEntry = z.infer<typeof NotificationEntry>;

/** What is told at once: everything of the box that is due or was never told, merged. */
export const NotificationMessage = z
  .object({
    id: Uuid.describe('The same in each try to hand it over.'),
    coordinatorId: Uuid,
    at: Instant,
    pending: z.int().min(1).describe('How many entries the box has in all.'),
    entries: z.array(NotificationEntry).min(1),
  })
  .meta({ id: 'NotificationMessage' });
export type NotificationMessage = z.infer<typeof NotificationMessage>;

/** How long an idle, waiting or landed task waits for others to be told with, seconds. */
export const DelaySeconds = z.int().min(5).max(300);
export const DEFAULT_DELAY_SECONDS = 30;

export const WebhookUrl = z.url({ protocol: /^https?$/ }).max(2_000);

/** How a coordinator is told. */
export const NotificationSettings = z.object({
  delaySeconds: DelaySeconds.describe('For idle, waiting and landed tasks; finished and failed ones wait 5 seconds.'),
  webhookUrl: WebhookUrl.nullable(),
});
export type NotificationSettings = z.infer<typeof NotificationSettings>;

export const DEFAULT_NOTIFICATION_SETTINGS: NotificationSettings = {
  delaySeconds: DEFAULT_DELAY_SECONDS,
  webhookUrl: null,
};

/** How the webhook of a coordinator stands. */
export const WebhookState = z.object({
  url: WebhookUrl,
  sending: z
    .object({
      id: Uuid,
      since: Instant.describe('Since when nothing was taken; after 24 hours it is dropped.'),
      tries: z.int().min(0),
      nextTryAt: Instant,
    })
    .nullable()
    .describe('The message that is on its way; null: none is.'),
  lastError: z.string().nullable().describe('Of the last try; null: it was taken.'),
  dropped: z.int().min(0).describe('How many messages were dropped after 24 hours.'),
});
export type WebhookState = z.infer<typeof WebhookState>;

/** Headers of a webhook. The signature is `t=<seconds>,v1=<hex of HMAC-SHA256(secret, "<seconds>.<body>")>`. */
export const WEBHOOK_HEADERS = { signature: 'x-roundhouse-signature', delivery: 'x-roundhouse-delivery' } as const;
