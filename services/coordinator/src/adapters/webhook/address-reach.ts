import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Where an address leads: to the world, to this machine or its networks, or nowhere that a message should go. */
export type Reach = 'public' | 'inside' | 'special';

type Block = readonly [address: string, prefix: number];

/** Loopback, private use, carrier-grade NAT, unique local (IANA special-purpose registries; RFC 6890). */
const INSIDE = listOf([
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['::1', 128],
  ['fc00::', 7],
]);

/** What is nobody's, everybody's or a cloud's own, among them the metadata services of Azure, Alibaba, AWS and Google. */
const SPECIAL = listOf([
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['168.63.129.16', 32],
  ['100.100.100.200', 32],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
  // Addresses that stand for IPv4 ones, or that tunnel to them, would lead around the list above.
  ['2001::', 23],
  ['2002::', 16],
  ['2001:db8::', 32],
  ['3fff::', 20],
]);

/** Outside of it no IPv6 address of the world is handed out. */
const GLOBAL_SIX = listOf([['2000::', 3]]);

function listOf(blocks: readonly Block[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of blocks) list.addSubnet(address, prefix, familyOf(address));
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** Where an address leads. A mapped IPv4 address (`::ffff:a.b.c.d`) is the IPv4 address. */
export function reachOf(address: string): Reach {
  if (isIP(address) === 0 || address.includes('%')) return 'special';
  const family = familyOf(address);
  const mapped = family === 'ipv6' && isMapped(address);
  if (SPECIAL.check(address, family)) return 'special';
  if (INSIDE.check(address, family) || isOwn(address)) return 'inside';
  return family === 'ipv4' || mapped || GLOBAL_SIX.check(address, family) ? 'public' : 'special';
}

const ALL_FOUR = listOf([['0.0.0.0', 0]]);
const isMapped = (address: string): boolean => ALL_FOUR.check(address, 'ipv6');

/** The addresses of this machine are inside, whatever their range. */
const isOwn = (address: string): boolean =>
  Object.values(networkInterfaces()).some((list) => list?.some((own) => own.address === address) === true);
