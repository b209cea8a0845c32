import { expect, it } from 'vitest';
import { plantedSecrets, secretsIn } from './secrets.mjs';

it.each(plantedSecrets().map((text, index) => ({ text, index })))('K-5: reports planted secret $index', ({ text }) => {
  const faults = secretsIn({ path: 'a.md', text: `first line\nsee ${text} there\n` });
  expect(faults).toEqual([expect.stringMatching(/^a\.md:2: /)]);
});

it('K-5: never shows the secret that it found', () => {
  const text = ['rh', 'runner', '0'.repeat(32), 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ'].join('_');
  const faults = secretsIn({ path: 'a', text });
  expect(faults).toHaveLength(1);
  expect(faults[0]).not.toContain('abcdef');
});

it('K-5: takes made-up examples and web addresses for what they are', () => {
  const example = ['rh', 'runner', '0'.repeat(32), 'x'.repeat(43)].join('_');
  const address = 'https://example.org/home/page and ./work/folder';
  expect(secretsIn({ path: 'a', text: `${example} ${address} redis://user:pass@host` })).toEqual([]);
});
