import type { NotificationEntry, NotificationMessage } from '@roundhouse/contracts';

export interface BoxEntry {
  readonly entry: NotificationEntry;
  /** When it is told, or told again, ms. */
  readonly dueMs: number;
}

/**
 * What coordinators are to be told without asking: one box each, whose entries the commits of their tasks enter and take out.
 * All instants are of Redis time.
 */
export interface NotificationBox {
  /** The coordinators that have something due, the most overdue first. */
  due(limit: number): Promise<string[]>;
  /**
   * Takes all that is due, with what was never told, and hands it to every channel in the same step: of any number of
   * processes one gets it. Null: nothing is due, or a wait of the coordinator is open.
   */
  claim(coordinatorId: string, messageId: string, at: string): Promise<NotificationMessage | null>;
  /** Puts off what is due, untold, until it is told again; a stir of the host brings it forward. */
  postpone(coordinatorId: string): Promise<void>;
  /** A wait has told of these states of tasks: they are told again only if nobody acknowledges that. */
  told(coordinatorId: string, seen: readonly { readonly taskId: string; readonly version: number }[]): Promise<void>;
  entries(coordinatorId: string): Promise<BoxEntry[]>;
  /** Null: all. Idempotent. */
  forget(coordinatorId: string, ids: readonly string[] | null): Promise<{ gone: number; pending: number }>;
  /** While any call listens nothing is claimed. One that never ends counts for 70 s. */
  beginListening(coordinatorId: string, callId: string): Promise<void>;
  endListening(coordinatorId: string, callId: string): Promise<void>;
  isListening(coordinatorId: string): Promise<boolean>;
}

/** A message that is to be posted now. */
export interface WebhookTry {
  readonly coordinatorId: string;
  readonly id: string;
  readonly body: string;
  readonly url: string;
  readonly secret: string;
}

/** Webhook messages on their way: one a coordinator at most, tried by one process at a time. */
export interface Webhooks {
  /** Whose process dies before it settles it is taken over half a minute later. */
  take(): Promise<WebhookTry | null>;
  /** `error` null: it was taken. */
  settle(tried: WebhookTry, error: string | null): Promise<'taken' | 'again' | 'dropped' | 'gone'>;
  setSecret(coordinatorId: string, secret: string): Promise<void>;
  hasSecret(coordinatorId: string): Promise<boolean>;
  /** Removes secret, message and outcome. Idempotent. */
  remove(coordinatorId: string): Promise<void>;
  standing(coordinatorId: string): Promise<{
    readonly sending: { id: string; since: string; tries: number; nextTryAt: string } | null;
    readonly lastError: string | null;
    readonly dropped: number;
  }>;
}

/** Posts a webhook message. */
export interface WebhookPost {
  /** Null: it was taken (any 2xx). Else why not, in one sentence. Bounded in time and size; follows no redirect. */
  post(tried: WebhookTry, signal: AbortSignal): Promise<string | null>;
  /** Why an address is refused before anything is sent to it; null: it is not. */
  refusal(url: string): string | null;
}
