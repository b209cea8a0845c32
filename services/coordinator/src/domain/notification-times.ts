/** When notifications are told, ms. */
export interface NotificationTimes {
  /** How long a finished or failed task waits for others to be told with; also the pause after a wait. */
  readonly urgentMs: number;
  /** How long until an entry that nobody acknowledged is told again. */
  readonly againMs: number;
}

export const NOTIFICATION_TIMES: NotificationTimes = { urgentMs: 5_000, againMs: 300_000 };

/** When a webhook message that was not taken is tried again, ms: twice the pause of before, up to the longest. */
export interface WebhookTimes {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** After so long without anything taken the message is dropped. */
  readonly giveUpMs: number;
}
