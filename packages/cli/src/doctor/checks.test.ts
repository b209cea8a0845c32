import { expect, it } from 'vitest';
import { gitIsFit, nodeIsFit } from './checks.ts';

it('C-11: versions that are too old are told apart', () => {
  expect(['20.19.0', '20.20.2', '22.1.0', '24.0.0'].map(nodeIsFit)).toEqual([true, true, true, true]);
  expect(['20.18.9', '18.99.0', ''].map(nodeIsFit)).toEqual([false, false, false]);
  expect(['git version 2.38.0', 'git version 2.39.5 (Apple Git-154)', 'git version 3.0'].map(gitIsFit)).toEqual([
    true,
    true,
    true,
  ]);
  expect(['git version 2.37.9', 'git version 1.99', 'nothing'].map(gitIsFit)).toEqual([false, false, false]);
});
