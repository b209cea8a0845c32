import { access } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { inRoot } from '../bootstrap/root.mjs';
import { SLOW, slowFirst } from './slow-first.mjs';

it('K-14: files of all projects start in one order, those that take long first', () => {
  const unit = { file: 'packages/host/src/a.test.ts', project: 'unit' };
  const other = { file: 'packages/host/src/b.test.ts', project: 'unit' };
  const whole = { file: 'test/e2e/one.test.ts', project: 'e2e' };
  const [slowest = ''] = Object.entries(SLOW).toSorted(([, a], [, b]) => b - a)[0] ?? [];
  const compose = { file: slowest, project: 'e2e' };
  expect(slowFirst([unit, other, whole, compose])).toEqual([compose, whole, unit, other]);
});

it('K-14: every file that is named as slow is there', async () => {
  for (const file of Object.keys(SLOW)) await expect(access(inRoot(file)), file).resolves.toBeUndefined();
});
