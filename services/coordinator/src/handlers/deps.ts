import type { Identity, Reach } from '@roundhouse/contracts';
import type { Logger } from 'pino';
import type { AccessFeed, CoordinatorAccess, Pairings, TokenStore } from '../ports/access.ts';
import type { AuditLog } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventFeed, EventLog } from '../ports/events.ts';
import type { Hubs } from '../ports/hubs.ts';
import type { Launchers, RecentProfiles } from '../ports/launchers.ts';
import type { Recordings, Renderings } from '../ports/output.ts';
import type { Presence } from '../ports/presence.ts';
import type { Registry } from '../ports/registry.ts';
import type { TaskStore } from '../ports/tasks.ts';
import type { NotificationBox, WebhookPost, Webhooks } from '../ports/notifications.ts';
import type { AdmissionIndex, BreakerStore, SchemaCheck } from '../ports/admission.ts';
import type { NoticeDesk } from './notice-desk.ts';

/** What the handlers work with. */
export interface Deps {
  readonly store: TaskStore;
  readonly feed: EventFeed;
  readonly events: EventLog;
  /** Where the waits for signals of this process stand. */
  readonly notices: NoticeDesk;
  readonly registry: Registry;
  readonly admission: AdmissionIndex;
  readonly breakers: BreakerStore;
  readonly schemas: SchemaCheck;
  /** How many tasks of all coordinators may have a place; null: no limit. */
  readonly maxRunning: number | null;
  readonly launchers: Launchers;
  readonly profiles: RecentProfiles;
  readonly tokens: TokenStore;
  readonly access: CoordinatorAccess;
  readonly accessFeed: AccessFeed;
  readonly pairings: Pairings;
  readonly audit: AuditLog;
  readonly presence: Presence;
  readonly notifications: NotificationBox;
  readonly webhooks: Webhooks;
  readonly webhookPost: WebhookPost;
  readonly hubs: Hubs;
  readonly recordings: Recordings;
  readonly renderings: Renderings;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where this service is reached, `http://host:port`; known once it listens. */
  readonly publicUrl: () => string;
}

/** Who calls, and how. */
export interface Caller {
  readonly identity: Identity;
  readonly tokenId: string;
  /** The token's label: words for people. */
  readonly tokenLabel: string;
  /** How far the access matrix lets this caller reach with this operation. */
  readonly reach: Exclude<Reach, 'none'>;
  /** The coordinator that the call is for: a coordinator's own, or the one that an operator named. */
  readonly coordinatorId: string | null;
  readonly idempotencyKey: string | null;
  readonly doneToken: string | null;
  /** Aborted when the client has gone away. */
  readonly signal: AbortSignal;
  /** Registers what to do if the answer cannot be handed to the client. */
  readonly onUndelivered: (undo: () => Promise<void>) => void;
}
