import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import type { Reach } from '../../domain/egress-policy.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const INSIDE: ReadonlySet<string> = new Set(['private', 'uniqueLocal', 'carrierGradeNat', 'loopback']);

/** Metadata and machine services of clouds that lie in ordinary ranges (Azure, Alibaba, AWS, Google). */
const CLOUD_SERVICES: ReadonlySet<string> = new Set(
  ['168.63.129.16', '100.100.100.200', 'fd00:ec2::254', 'fd20:ce::254'].map((text) => ipaddr.parse(text).toString()),
);

/** The addresses of this machine, or container, at this moment. */
export function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return new Set(all.map(({ address }) => ipaddr.parse(address).toString()));
}

/** Where an address leads. `own` are addresses that are inside whatever their range, in ipaddr.js's text form. */
export function reachOf(text: string, own: ReadonlySet<string> = ownAddresses()): Reach {
  if (!ipaddr.isValid(text)) return 'special';
  const address = unwrapped(ipaddr.parse(text));
  const form = address.toString();
  if (CLOUD_SERVICES.has(form)) return 'special';
  const range = address.range();
  if (own.has(form) || INSIDE.has(range)) return range === 'linkLocal' ? 'special' : 'inside';
  return range === 'unicast' && isGlobal(address) ? 'public' : 'special';
}

/** Outside of 2000::/3 nothing is handed out (IANA), whatever range a list may have forgotten. */
const isGlobal = (address: Address): boolean => !(address instanceof ipaddr.IPv6) || partOf(address, 0) >> 13 === 1;

/** The IPv4 address that a mapped, translated (NAT64) or 6to4 address stands for; any other is itself. */
function unwrapped(address: Address): Address {
  if (!(address instanceof ipaddr.IPv6)) return address;
  if (address.isIPv4MappedAddress()) return fourOf(address, 6);
  if (isTranslated(address)) return fourOf(address, 6);
  return address.range() === '6to4' ? fourOf(address, 1) : address;
}

const TRANSLATED = [ipaddr.IPv6.parseCIDR('64:ff9b::/96'), ipaddr.IPv6.parseCIDR('::ffff:0:0:0/96')];
const isTranslated = (address: ipaddr.IPv6): boolean => TRANSLATED.some((block) => address.match(block));

function fourOf(address: ipaddr.IPv6, at: number): ipaddr.IPv4 {
  const [high, low] = [partOf(address, at), partOf(address, at + 1)];
  return new ipaddr.IPv4([high >> 8, high & 0xff, low >> 8, low & 0xff]);
}

const partOf = (address: ipaddr.IPv6, index: number): number => address.parts[index] ?? 0;
