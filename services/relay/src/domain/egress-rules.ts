import { type Host, readAuthority, readHost, type Target } from './host-name.ts';

/**
 * One entry of the allow-list: `host`, `host:port`, `*.host` (any name below it, not itself), `*`. Without a port it is
 * for 80 and 443. A name may be written `private:host[:port]`: it may then resolve to an address inside.
 */
export interface EgressRule {
  readonly host: Host | { readonly kind: 'below'; readonly suffix: string } | { readonly kind: 'any' };
  readonly ports: readonly number[];
  readonly isPrivate: boolean;
}

const WEB_PORTS: readonly number[] = [80, 443];
const PRIVATE = 'private:';

/** Reads a comma list of rules. Every fault is a sentence that names its entry. */
export function parseEgressRules(text: string): { rules: EgressRule[]; faults: string[] } {
  const rules: EgressRule[] = [];
  const faults: string[] = [];
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const rule = readRule(entry);
    if (typeof rule === 'string') faults.push(`"${entry}": ${rule}`);
    else rules.push(rule);
  }
  return { rules, faults };
}

/** Whether the rule is for this host and port. */
export function matches({ host, ports }: EgressRule, target: Target): boolean {
  if (!ports.includes(target.port)) return false;
  if (host.kind === 'any') return true;
  if (host.kind === 'below') return target.host.kind === 'name' && target.host.text.endsWith(host.suffix);
  return host.kind === target.host.kind && host.text === target.host.text;
}

function readRule(entry: string): EgressRule | string {
  const isPrivate = entry.startsWith(PRIVATE);
  const rest = isPrivate ? entry.slice(PRIVATE.length) : entry;
  if (!rest.startsWith('*')) return readExact(rest, isPrivate);
  if (isPrivate) return 'private: is for one host, named in full';
  const [, suffix = '', digits] = /^\*(\..+?)?(?::(\d{1,5}))?$/.exec(rest) ?? [];
  if (rest !== '*' && suffix === '' && digits === undefined) return 'not *, *.host, or either with :port';
  // The port is read with a name that stands for the star.
  const read = readExact(`star${suffix}${digits === undefined ? '' : `:${digits}`}`, false);
  if (typeof read === 'string' || read.host.kind !== 'name') return 'not *, *.host, or either with :port';
  const host = suffix === '' ? ({ kind: 'any' } as const) : { kind: 'below' as const, suffix: read.host.text.slice(4) };
  return { ...read, host };
}

function readExact(text: string, isPrivate: boolean): EgressRule | string {
  const host = readHost(text);
  if (host !== null) return { host, ports: WEB_PORTS, isPrivate };
  const target = readAuthority(text);
  if (target === null) return 'not host, host:port, *.host or * (an IPv6 address stands in brackets)';
  return { host: target.host, ports: [target.port], isPrivate };
}
