/**
 * How often a level may be reported: `burst` changes at once, then one each `refillMs`. Ordinary work never meets the
 * limit; a program that flips its status in a loop does, and then only the last state of each interval is reported.
 */
export interface ChangeBudget {
  readonly tokens: number;
  readonly at: number;
}

const BURST = 20;
const REFILL_MS = 100;

export const fullBudget = (now: number): ChangeBudget => ({ tokens: BURST, at: now });

/** Takes one token, or says after how many milliseconds there will be one. */
export function spend(budget: ChangeBudget, now: number): { budget: ChangeBudget; waitMs: number } {
  const gained = Math.max(0, now - budget.at) / REFILL_MS;
  const tokens = Math.min(BURST, budget.tokens + gained);
  if (tokens >= 1) return { budget: { tokens: tokens - 1, at: now }, waitMs: 0 };
  return { budget: { tokens, at: now }, waitMs: Math.ceil((1 - tokens) * REFILL_MS) };
}
