import type { Identity, TokenInfo } from '@roundhouse/contracts';

/** A token that is good now, and until when it is, where that is known: its own expiry, or its old secret's. */
export interface VerifiedToken {
  readonly info: TokenInfo;
  readonly goodUntil: string | null;
}

/**
 * Tokens by their ids: the secret is stored only as a SHA-256 hash, and compared in constant time. The store does not grow:
 * one that is over goes after a week, an attempt's with its task's close or after a month.
 */
export interface TokenStore {
  /** Returns the token's text, the only time that it is known. */
  issue(
    identity: Identity,
    label: string,
    expiresAt: string | null,
    doneToken?: string,
  ): Promise<{ token: string; info: TokenInfo }>;
  /** Registers a token made elsewhere (a secrets file). */
  adopt(token: string, label: string): Promise<void>;
  verify(token: string): Promise<VerifiedToken | null>;
  verifyDoneToken(tokenId: string, doneToken: string): Promise<boolean>;
  /** All but those of attempts. */
  list(): Promise<TokenInfo[]>;
  /** A new secret for the same token; the one before is good until the given instant, null: over at once. */
  rotate(
    id: string,
    previousUntil: string | null,
  ): Promise<{ token: string; info: TokenInfo } | 'absent' | 'over' | 'in_file'>;
  /** Idempotent; null where there is no such token. */
  revoke(id: string): Promise<TokenInfo | null>;
  /** Removes the tokens of a task's attempts. Idempotent. */
  forgetTask(taskId: string): Promise<void>;
}

/**
 * Tells that somebody's access may have changed, in whichever process it was changed. It says nothing more: who hears it
 * looks again. Also called where something may have been missed.
 */
export interface AccessFeed {
  onToken(tokenId: string, listener: () => void): () => void;
  onCoordinator(coordinatorId: string, listener: () => void): () => void;
}

/** Whether a coordinator's tokens are let in. `stop` and `start` are idempotent and keep the first instant. */
export interface CoordinatorAccess {
  /** Null: it is not stopped. */
  stoppedAt(coordinatorId: string): Promise<string | null>;
  /** When it was started again after a stop; null: it never was stopped. */
  startedAt(coordinatorId: string): Promise<string | null>;
  stop(coordinatorId: string, at: string): Promise<void>;
  start(coordinatorId: string, at: string): Promise<void>;
}

/** PINs that phones are paired with: one at a time a coordinator, never stored as they are. */
export interface Pairings {
  /** Takes the place of the one before. */
  open(
    coordinatorId: string,
    pairing: { readonly id: string; readonly salt: string; readonly hash: string },
    expiresAt: string,
  ): Promise<void>;
  /** The coordinators that have a pairing open, two at most. */
  openFor(nowMs: number): Promise<string[]>;
  /** Uses up one try, whatever comes of it. `tries` counts this one. */
  tryOnce(
    coordinatorId: string,
  ): Promise<{ id: string; salt: string; hash: string; tries: number } | 'locked' | 'none'>;
  /** True for the one who gets it. */
  take(coordinatorId: string, id: string): Promise<boolean>;
}
