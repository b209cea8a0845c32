import { describe, expect, it } from 'vitest';
import { ownAddresses, reachOf } from './address-reach.ts';

const INSIDE = `
  127.0.0.1 127.255.255.254 10.0.0.5 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 ::1 fc00::1
  fd12:3456::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:192.168.0.1 64:ff9b::10.0.0.1 64:ff9b::7f00:1
  2002:7f00:1:: 2002:c0a8:101::1 ::ffff:0:10.0.0.1 ::127.0.0.1
`;
const SPECIAL = `
  169.254.169.254 0.0.0.0 0.1.2.3 224.0.0.1 239.1.1.1 255.255.255.255 240.0.0.1 192.0.0.192 192.0.2.1
  198.18.0.1 198.51.100.1 203.0.113.1 168.63.129.16 100.100.100.200 :: fe80::1 fe80::1%eth0 febf::1
  ff02::1 fec0::1 2001:db8::1 2001::1 3fff::1 5f00::1 fd00:ec2::254 100::1 4000::1 64:ff9b:1::a00:1
  ::ffff:169.254.169.254 2002:a9fe:a9fe:: 64:ff9b::a9fe:a9fe
`;
const words = (text: string): string[] => text.trim().split(/\s+/);
const PUBLIC = ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'];
const PUBLIC_IN_DISGUISE = ['::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1'];

describe('where an address leads', () => {
  const none = new Set<string>();
  it.each(words(INSIDE))('RL-14: %s is inside', (address) => expect(reachOf(address, none)).toBe('inside'));
  it.each([...words(SPECIAL), 'not an address', ''])('RL-14: %s is special', (address) =>
    expect(reachOf(address, none)).toBe('special'),
  );
  it.each([...PUBLIC, ...PUBLIC_IN_DISGUISE])('RL-14: %s is public', (address) => {
    expect(reachOf(address, none)).toBe('public');
  });

  it('RL-14: an address of this machine is inside, whatever its range', () => {
    expect(reachOf('8.8.8.8', new Set(['8.8.8.8']))).toBe('inside');
    expect(reachOf('::ffff:8.8.8.8', new Set(['8.8.8.8']))).toBe('inside');
    expect(ownAddresses()).toContain('127.0.0.1');
  });
});
