import { expect, it } from 'vitest';
import { errorsMarkdown } from '../generators/errors-page.mjs';
import { driftOf } from './generated.mjs';

it('K-7: a generated file that is missing or differs is a fault that names the line', () => {
  expect(driftOf('a', 'x\n', 'x\n')).toBeNull();
  expect(driftOf('a', 'x\n', null)).toContain('missing');
  expect(driftOf('a', 'x\ny\n', 'x\nz\n')).toMatch(/line 2.*\n {2}- z\n {2}\+ y/);
  expect(driftOf('a', 'x\n', 'x\nmore\n')).toMatch(/line 2/);
});

it('K-7: the page of errors has a row for each code, with its status', () => {
  const page = errorsMarkdown();
  expect(page).toMatch(/^\| `task_not_found` \| 404 \| no \|/m);
  expect(page).toMatch(/^\| `runner_away` \| 409 \| yes \|/m);
});
