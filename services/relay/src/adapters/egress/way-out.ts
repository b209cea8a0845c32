import type { Socket } from 'node:net';
import { grantFor, permits, refusalOfAddresses, refusalWithoutRule } from '../../domain/egress-policy.ts';
import type { EgressRule } from '../../domain/egress-rules.ts';
import { authorityOf, type Target } from '../../domain/host-name.ts';
import type { Resolve } from '../../ports.ts';
import { dial, DialTimeoutError } from '../../sockets/dial.ts';
import { ownAddresses, reachOf } from './address-reach.ts';

/** How long a name may take to be resolved, milliseconds. */
const RESOLVE_MS = 10_000;

export type WayOut =
  | { readonly outcome: 'open'; readonly socket: Socket }
  /** By the policy. `reason` is one line that says which rule is missing. */
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly status: 502 | 504; readonly reason: string };

/**
 * Connects to what the rules allow, within 20 s. The name is judged first, then resolved once, then its addresses are
 * judged, and the connection goes to one of exactly those: what the name resolves to a moment later changes nothing.
 * Rejects only when the signal aborts.
 */
export async function openWayOut(
  { rules, resolve }: { readonly rules: readonly EgressRule[]; readonly resolve: Resolve },
  target: Target,
  signal: AbortSignal,
): Promise<WayOut> {
  const grant = grantFor(rules, target);
  if (grant === null) return { outcome: 'refused', reason: refusalWithoutRule(target) };
  const found = await addressesOf(target, resolve, signal);
  if (found === null) return failed(502, `${target.host.text} cannot be resolved`);
  const own = ownAddresses();
  const judged = found.map((address) => ({ address, reach: reachOf(address, own) }));
  const addresses = judged.filter(({ reach }) => permits(grant, reach)).map(({ address }) => address);
  if (addresses.length === 0) {
    const reaches = judged.map(({ reach }) => reach);
    return { outcome: 'refused', reason: refusalOfAddresses(target, reaches) };
  }
  try {
    const socket = await dial({ host: target.host.text, port: target.port, addresses }, signal);
    return { outcome: 'open', socket };
  } catch (error) {
    signal.throwIfAborted();
    const isLate = error instanceof DialTimeoutError;
    return failed(isLate ? 504 : 502, `${authorityOf(target)} ${isLate ? 'does not answer' : 'cannot be reached'}`);
  }
}

const failed = (status: 502 | 504, reason: string): WayOut => ({
  outcome: 'failed',
  status,
  reason: `egress: ${reason}`,
});

/** Null where the name has no address, or none within the bound. */
async function addressesOf({ host }: Target, resolve: Resolve, signal: AbortSignal): Promise<readonly string[] | null> {
  if (host.kind === 'address') return [host.text];
  const bound = new AbortController();
  const end = (): void => bound.abort();
  const late = setTimeout(end, RESOLVE_MS);
  signal.addEventListener('abort', end, { once: true });
  try {
    const found = await resolve(host.text, bound.signal);
    return found.length === 0 ? null : found;
  } catch {
    signal.throwIfAborted();
    // Whatever the resolver's words are, they mean the same to who asked.
    return null;
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', end);
  }
}
