import { z } from 'zod';
import { AuditEntry } from '../audit.ts';
import { operation } from '../operation.ts';

export const readAudit = operation({
  name: 'readAudit',
  method: 'GET',
  path: '/api/audit',
  tag: 'audit',
  summary: 'Read the audit',
  description:
    'Every call, the oldest first, by pages: who asked for what, when, and how it ended; never what it said. Each entry holds the SHA-256 hash of the one before. A cursor is the number of an entry: what follows it is answered.',
  effect: 'read',
  input: z.object({
    cursor: z
      .string()
      .regex(/^\d{1,15}$/, 'the number of an entry')
      .optional()
      .describe('The nextCursor of the page before; from the oldest entry that is kept by default.'),
    limit: z.int().min(1).max(1_000).default(200),
  }),
  output: z.object({ entries: z.array(AuditEntry), nextCursor: z.string().nullable() }),
});
