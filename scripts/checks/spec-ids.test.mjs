import { expect, it } from 'vitest';
import { citationsIn, specFaults } from './spec-ids.mjs';

const spec = { path: 'a/spec.md', text: '#### Scenario: [L-1] one\n\n#### Scenario: [L-2] two\n' };
/** @param {string} text */
const test = (text) => ({ path: 'a.test.ts', text });

it('K-6: is content where every scenario is cited and every citation has a scenario', () => {
  expect(specFaults([spec], [test("it('L-1: x', f); describe('L-2: y', f);")])).toEqual([]);
});

it('K-6: reports an uncited scenario, an unknown citation, a missing and a doubled id', () => {
  const more = { path: 'b/spec.md', text: '#### Scenario: [L-2] again\n#### Scenario: nameless\n' };
  const faults = specFaults([spec, more], [test("it('L-2, L-9: x', f)")]);
  expect(faults).toEqual([
    expect.stringContaining('"nameless" has no id'),
    expect.stringContaining('L-2 is taken already'),
    expect.stringContaining('no test cites L-1'),
    expect.stringContaining('cites L-9, which no specification has'),
  ]);
});

it('K-6: reads citations off the names of tests only', () => {
  const text =
    "// L-1: not here\nit.each([1])('L-2: each %s', f); it(`L-3: ${name}`, f); log('L-4: no'); it('keeps UTF-8', f);";
  expect(citationsIn(test(text))).toEqual(['L-2', 'L-3']);
});
