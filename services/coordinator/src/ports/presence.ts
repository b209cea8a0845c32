import type { ClientInfo, ConnectedClient } from '@roundhouse/contracts';

/** Who is there. What is lost of it in a crash is wrong for a minute, and decides nothing. */
export interface Presence {
  clientSeen(coordinatorId: string, tokenId: string, info: ClientInfo, at: string): Promise<void>;
  /** The last seen first, those of the last day, 100 at most. */
  clients(coordinatorId: string, now: string): Promise<ConnectedClient[]>;
  waitBegan(coordinatorId: string, callId: string, nowMs: number): Promise<void>;
  waitEnded(coordinatorId: string, callId: string): Promise<void>;
  openWaits(coordinatorId: string, nowMs: number): Promise<number>;
}
