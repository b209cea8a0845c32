/** The instant and fresh ids, taken in as arguments so that the core stays pure. */
export interface Clock {
  /** ISO 8601, UTC, milliseconds. */
  now(): string;
  nextId(): string;
}
