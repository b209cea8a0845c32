/**
 * The addresses of a name, in the order in which to try them. Rejects when there are none or the signal aborts. Never
 * asked for an address, nor for a name that no rule allows: a question to the outside can carry data out.
 */
export type Resolve = (name: string, signal: AbortSignal) => Promise<readonly string[]>;
