import { z } from 'zod';
import { Instant, Uuid } from './ids.ts';
import { Role } from './token.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 hash, hexadecimal');

/** One call, or several of the same kind where they are counted together: what was asked by whom, and how it ended. */
export const AuditCall = z.strictObject({
  at: Instant.describe('When it ended; of several the last one.'),
  requestId: Uuid.describe('Of several the last one’s.'),
  operation: z.string().max(100).describe('The operation or route; "unknown" where there is no such route.'),
  role: z.enum([...Role.options, 'anonymous']),
  tokenId: Uuid.nullable(),
  coordinatorId: Uuid.nullable(),
  taskId: Uuid.nullable(),
  status: z.int().nullable().describe('The HTTP status; null where the client had gone before the answer.'),
  outcome: z.string().max(100).describe('"ok", a code of the error table, or "cancelled" where the client had gone.'),
  ms: z.number().min(0).describe('How long it took, milliseconds; of several the longest.'),
  count: z.int().min(1).describe('How many calls this entry stands for.'),
});
export type AuditCall = z.infer<typeof AuditCall>;

/** A call in the chain: `hash` is the SHA-256 of `auditText`, which holds the hash of the entry before. */
export const AuditEntry = z
  .strictObject({ seq: z.int().min(1), ...AuditCall.shape, previous: Sha256, hash: Sha256 })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;

/** The hash that the very first entry follows. */
export const AUDIT_GENESIS = '0'.repeat(64);

/** What is hashed: all fields but the hash itself, in one fixed order, as a JSON array. */
export const auditText = (entry: Omit<AuditEntry, 'hash'>): string =>
  JSON.stringify([
    entry.seq,
    entry.at,
    entry.requestId,
    entry.operation,
    entry.role,
    entry.tokenId,
    entry.coordinatorId,
    entry.taskId,
    entry.status,
    entry.outcome,
    entry.ms,
    entry.count,
    entry.previous,
  ]);

/** What is wrong with an entry that follows `before`, or null. `before` is null for the oldest entry that is kept. */
export function auditFault(
  entry: AuditEntry,
  before: Pick<AuditEntry, 'seq' | 'hash'> | null,
  sha256: (text: string) => string,
): string | null {
  if (sha256(auditText(entry)) !== entry.hash) return 'it was altered: its hash is not that of its words';
  if (before === null) {
    const first = entry.seq === 1 && entry.previous !== AUDIT_GENESIS;
    return first ? 'it is the first entry and yet follows another one' : null;
  }
  if (entry.seq !== before.seq + 1) return `it follows ${before.seq}: what was between is missing`;
  return entry.previous === before.hash ? null : `it does not hold the hash of ${before.seq}`;
}
