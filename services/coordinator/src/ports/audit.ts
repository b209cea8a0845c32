import type { AuditCall, AuditEntry } from '@roundhouse/contracts';

/** All calls, in one chain that many processes append to. */
export interface AuditLog {
  /** In this order, all or none, upon the head of the chain. The same array again after a failure is not kept twice. */
  append(calls: readonly AuditCall[]): Promise<void>;
  /** The oldest first, from the one after the given number. */
  page(after: number, limit: number): Promise<{ entries: AuditEntry[]; more: boolean }>;
  /** The latest first. */
  ofCoordinator(coordinatorId: string, limit: number): Promise<AuditEntry[]>;
}
