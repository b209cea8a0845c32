import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { reachOf } from './address-reach.ts';

const INSIDE = `
  127.0.0.1 127.255.255.254 10.0.0.5 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 ::1 fc00::1
  fd12:3456::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:192.168.0.1
`;
const SPECIAL = `
  169.254.169.254 0.0.0.0 0.1.2.3 224.0.0.1 239.1.1.1 255.255.255.255 240.0.0.1 192.0.0.192 192.0.2.1
  198.18.0.1 198.51.100.1 203.0.113.1 168.63.129.16 100.100.100.200 :: fe80::1 fe80::1%eth0 febf::1
  ff02::1 fec0::1 2001:db8::1 2001::1 2002:7f00:1:: 3fff::1 5f00::1 fd00:ec2::254 100::1 4000::1
  64:ff9b::10.0.0.1 64:ff9b:1::a00:1 ::127.0.0.1 ::ffff:169.254.169.254 ::ffff:0:10.0.0.1 localhost
`;
const PUBLIC = '1.1.1.1 8.8.8.8 93.184.216.34 172.32.0.1 ::ffff:8.8.8.8 2606:4700::1111 2a00:1450::1';

const words = (text: string): string[] => text.trim().split(/\s+/);
const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));

describe('where an address leads', () => {
  it.each([
    ['inside', INSIDE],
    ['special', SPECIAL],
    ['public', PUBLIC],
  ])('NO-9: %s addresses, however they are written', (reach, list) => {
    for (const address of words(list)) expect([address, reachOf(address)]).toEqual([address, reach]);
  });

  it('NO-9: this machine’s own addresses are never public', () => {
    for (const address of own) expect(['inside', 'special']).toContain(reachOf(address));
  });
});
