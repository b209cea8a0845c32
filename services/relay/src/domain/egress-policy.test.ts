import { describe, expect, it } from 'vitest';
import { grantFor, permits, refusalOfAddresses, refusalWithoutRule } from './egress-policy.ts';
import { parseEgressRules } from './egress-rules.ts';
import { readAuthority, readHost } from './host-name.ts';
import { readAbsoluteForm } from './request-target.ts';

const target = (text: string): NonNullable<ReturnType<typeof readAuthority>> => {
  const read = readAuthority(text);
  if (read === null) throw new Error(`${text} is not host:port`);
  return read;
};
function grant(rules: string, where: string): string | null {
  const parsed = parseEgressRules(rules);
  expect(parsed.faults).toEqual([]);
  return grantFor(parsed.rules, target(where));
}

describe('the egress rules', () => {
  it.each([
    ['', 'example.com:443', null],
    ['example.com', 'example.com:443', 'public'],
    ['example.com', 'EXAMPLE.com.:80', 'public'],
    ['example.com', 'example.com:8080', null],
    ['example.com', 'a.example.com:443', null],
    ['example.com', 'notexample.com:443', null],
    ['example.com:8080', 'example.com:8080', 'public'],
    ['example.com:8080', 'example.com:443', null],
    ['*.example.com', 'a.example.com:443', 'public'],
    ['*.example.com', 'a.b.example.com:80', 'public'],
    ['*.example.com', 'example.com:443', null],
    ['*.example.com', 'badexample.com:443', null],
    ['*.example.com:22', 'a.example.com:22', 'public'],
    ['*', 'anything.test:443', 'public'],
    ['*', 'anything.test:22', null],
    ['*:22', 'anything.test:22', 'public'],
    ['*', '127.0.0.1:80', 'public'],
    ['127.0.0.1:6379', '127.1:6379', 'named'],
    ['127.0.0.1:6379', '2130706433:6379', 'named'],
    ['[::1]:80', '[0:0::1]:80', 'named'],
    ['127.0.0.1', 'localhost:80', null],
    ['*.0.example', '127.0.0.1:80', null],
    ['registry.lan:4873', 'registry.lan:4873', 'public'],
    ['private:registry.lan:4873', 'registry.lan:4873', 'inside'],
    ['*:4873, private:registry.lan:4873', 'registry.lan:4873', 'inside'],
    ['private:registry.lan', 'registry.lan:443', 'inside'],
    ['private:registry.lan', 'other.lan:443', null],
    [' a.test ,, b.test:1 ', 'b.test:1', 'public'],
  ])('RL-13: "%s" gives %s: %s', (rules, where, expected) => {
    expect(grant(rules, where)).toBe(expected);
  });

  it.each(['http://example.com', 'exa mple.com', 'example.com:0', 'example.com:70000', '*example.com', '*.', '**'])(
    'RL-10: "%s" is no rule',
    (entry) => {
      expect(parseEgressRules(`good.test,${entry}`)).toMatchObject({
        rules: [{ host: { text: 'good.test' } }],
        faults: [expect.stringContaining(`"${entry}"`)],
      });
    },
  );

  it.each([
    'private:*',
    'private:*.lan',
    'private:',
    '::1',
    '1.2.3.4.5',
    '*.1.2.3.4',
    'a..b',
    'a/b',
    'user@host',
    'é.test',
  ])('RL-10: "%s" is no rule either', (entry) => {
    expect(parseEgressRules(entry)).toMatchObject({ rules: [], faults: [expect.any(String)] });
  });

  it('RL-14: a grant permits the addresses of its kind and no others', () => {
    const kinds = ['public', 'inside', 'special'] as const;
    const of = (given: 'public' | 'inside' | 'named'): boolean[] => kinds.map((reach) => permits(given, reach));
    expect(of('public')).toEqual([true, false, false]);
    expect(of('inside')).toEqual([true, true, false]);
    expect(of('named')).toEqual([true, true, true]);
  });

  it('RL-13: a refusal names the rule that would have allowed it', () => {
    for (const where of ['a.test:443', 'a.test:8080', '10.0.0.5:80', '[fd00::1]:443']) {
      const [, entry = ''] = /can add (\S+) to/.exec(refusalWithoutRule(target(where))) ?? [];
      expect(grant(entry, where), where).not.toBeNull();
    }
    const [, inside = ''] = /can add (\S+) to/.exec(refusalOfAddresses(target('a.lan:80'), ['inside'])) ?? [];
    expect(grant(inside, 'a.lan:80')).toBe('inside');
    const [, named = ''] = /can add (\S+) to/.exec(refusalOfAddresses(target('10.0.0.5:80'), ['inside'])) ?? [];
    expect(grant(named, '10.0.0.5:80')).toBe('named');
  });
});

describe('what is asked for', () => {
  it('RL-16: hosts and authorities that are none', () => {
    for (const text of [
      '',
      '.',
      '..',
      'a..b',
      '-'.repeat(64),
      'a b',
      'a%2eb',
      '[::1',
      '[::1%eth0]',
      '1.2.3',
      'x.1.2',
    ]) {
      if (text === '1.2.3') expect(readHost(text)).toEqual({ kind: 'address', text: '1.2.0.3' });
      else expect(readHost(text), text).toBeNull();
    }
    for (const text of ['a', 'a:', ':80', 'a:0', 'a:65536', 'a:1e3', '::1:80', 'a:80:80', 'http://a:80']) {
      expect(readAuthority(text), text).toBeNull();
    }
  });

  it('RL-12: the absolute form gives target, path and Host', () => {
    const read = (url: string): unknown => {
      const found = readAbsoluteForm(url);
      return found && [found.target.host.text, found.target.port, found.path, found.host];
    };
    expect(read('http://A.test/x/../y?q=%20#f')).toEqual(['a.test', 80, '/x/../y?q=%20', 'a.test']);
    expect(read('HTTP://a.test:8080?q')).toEqual(['a.test', 8_080, '/?q', 'a.test:8080']);
    expect(read('http://user:secret@a.test/')).toEqual(['a.test', 80, '/', 'a.test']);
    expect(read('http://[::1]/')).toEqual(['::1', 80, '/', '[::1]']);
    for (const url of ['/path', 'https://a.test/', 'http:///x', 'ftp://a/', '*', 'http://a.test:0/', 'http://a b/']) {
      expect(read(url), url).toBeNull();
    }
  });
});
