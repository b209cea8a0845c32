import { type EgressRule, matches } from './egress-rules.ts';
import { authorityOf, type Target } from './host-name.ts';

/**
 * Where an address leads. `public`: the internet. `inside`: this machine, its networks, its neighbours. `special`:
 * link-local (cloud metadata among it), multicast, reserved, translated and the like, which no service of a user has.
 */
export type Reach = 'public' | 'inside' | 'special';

/** What a rule lets a connection reach. `named`: the rule names the very address. */
export type Grant = 'public' | 'inside' | 'named';

const PERMITTED: Record<Grant, readonly Reach[]> = {
  public: ['public'],
  inside: ['public', 'inside'],
  named: ['public', 'inside', 'special'],
};

/** The widest grant that a rule gives; null where none is for this host and port. Decided before any name is resolved. */
export function grantFor(rules: readonly EgressRule[], target: Target): Grant | null {
  const found = rules.filter((rule) => matches(rule, target));
  if (found.some(({ host }) => host.kind === 'address')) return 'named';
  if (found.some(({ isPrivate }) => isPrivate)) return 'inside';
  return found.length > 0 ? 'public' : null;
}

export const permits = (grant: Grant, reach: Reach): boolean => PERMITTED[grant].includes(reach);

const add = (entry: string): string => `the operator can add ${entry} to ROUNDHOUSE_EGRESS_ALLOW`;

/** Why there is no way, and which rule is missing: one line for whoever asked. */
export function refusalWithoutRule(target: Target): string {
  const { host, port } = target;
  const entry = host.kind === 'name' && (port === 80 || port === 443) ? host.text : authorityOf(target);
  return `egress refused: no rule allows ${authorityOf(target)}; ${add(entry)}`;
}

/** The same where a rule is there, but no address of the host may be reached by it. Names no address. */
export function refusalOfAddresses(target: Target, reaches: readonly Reach[]): string {
  const where = authorityOf(target);
  if (target.host.kind === 'address') return `egress refused: ${where} is not a public address; ${add(where)}`;
  if (reaches.includes('inside')) {
    return `egress refused: ${where} resolves to an address inside; ${add(`private:${where}`)}`;
  }
  return `egress refused: ${where} resolves to a reserved address, which only a rule that names the address allows`;
}
