import { AgentKind } from '@roundhouse/contracts';
import { z } from 'zod';
import type { OpenBreaker } from '../../domain/admission/breaker.ts';
import type { Breakers } from '../../domain/admission/standing.ts';

const StoredBreaker = z.object({
  openedAt: z.number(),
  reason: z.string(),
  reportedBy: z.string().nullable(),
  until: z.number().nullable(),
  retryAt: z.number().nullable(),
  pauseMs: z.number(),
  trial: z.string().nullable(),
  hitId: z.string(),
});

export const parseBreaker = (text: string): OpenBreaker => StoredBreaker.parse(JSON.parse(text));

/** Those of the kinds that this version knows. */
export function parseBreakers(stored: Readonly<Record<string, string>>): Breakers {
  const breakers = new Map<AgentKind, OpenBreaker>();
  for (const kind of AgentKind.options) {
    const text = stored[kind];
    if (text !== undefined) breakers.set(kind, parseBreaker(text));
  }
  return breakers;
}
