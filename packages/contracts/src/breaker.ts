import { z } from 'zod';
import { AgentKind } from './agent.ts';
import { Instant, Uuid } from './ids.ts';

/** What may be said of a quota in one sentence. An agent's own words: untrusted. */
export const QuotaReason = z.string().max(500);

/** A quota breaker as callers see it: while it is open, no task with an agent of that kind is admitted. */
export const Breaker = z
  .object({
    kind: AgentKind,
    state: z
      .enum(['closed', 'open', 'half_open'])
      .describe('half_open: one task is let in as a trial; what becomes of it opens or closes the breaker.'),
    reason: QuotaReason.nullable().describe('Why it opened. May be an agent’s own words: untrusted.'),
    openedAt: Instant.nullable(),
    until: Instant.nullable().describe('When it closes by itself; null where nobody knows when the quota is back.'),
    retryAt: Instant.nullable().describe('When a trial is let in, where nobody knows when the quota is back.'),
    reportedBy: Uuid.nullable().describe('The task whose agent met the quota; null: an operator opened it.'),
    trialTaskId: Uuid.nullable(),
  })
  .meta({ id: 'Breaker' });
export type Breaker = z.infer<typeof Breaker>;
