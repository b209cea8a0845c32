import type { KeptWait, WaitedFor } from '@roundhouse/contracts';

/** A wait that is kept, and whose it is. */
export interface KeptWaitRecord {
  readonly coordinatorId: string;
  /** Only this token may ask for it. */
  readonly tokenId: string;
  readonly wait: WaitedFor;
  readonly kept: KeptWait;
}

/** A record with the mark of what is stored: it goes with every change. */
export interface StoredKeptWait {
  readonly record: KeptWaitRecord;
  readonly mark: string;
}

/**
 * Waits that outlive calls. Each ends by itself after its time to live, whatever becomes of it. Of one token `MAX_KEPT_WAITS` may
 * be waiting, and as many that are over are kept, the last ones.
 */
export interface KeptWaits {
  /** False: the token has as many as it may. */
  keep(record: KeptWaitRecord, ttlMs: number): Promise<boolean>;
  read(id: string): Promise<StoredKeptWait | null>;
  /** Puts `next` in the place of exactly what was read. False: something else is stored by now, or nothing. */
  replace(known: StoredKeptWait, next: KeptWaitRecord): Promise<boolean>;
  /** True for one caller at a time: who may look for an answer, for so long at most. */
  beginLook(id: string, maxMs: number): Promise<boolean>;
  endLook(id: string): Promise<void>;
  isLookedFor(id: string): Promise<boolean>;
  /** Tells that a wait was changed or a look at it has ended, in any process; also where that may have been missed. */
  onChange(id: string, listener: () => void): () => void;
}
