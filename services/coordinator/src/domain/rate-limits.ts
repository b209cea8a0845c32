import type { Role } from '@roundhouse/contracts';

export const RATE_WINDOW_MS = 10_000;

/** Who is limited: tokens by their role, and whoever shows no good token by the address. Our own parts are not. */
export type Limited = Exclude<Role, 'runner' | 'launcher'> | 'address';
/** Requests in `RATE_WINDOW_MS`. */
export type RateLimits = Readonly<Record<Limited, number>>;

/** What a hundred agents with their coordinator use is a hundredth of it; a client in a loop meets it within seconds. */
export const DEFAULT_RATE_LIMITS: RateLimits = {
  operator: 10_000,
  coordinator: 10_000,
  subtask: 1_000,
  paired: 300,
  mobile: 300,
  address: 1_000,
};
