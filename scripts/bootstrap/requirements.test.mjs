import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { inRoot } from './root.mjs';
import { isAtLeast } from './requirements.mjs';

it('B-4: reads versions out of what programs say', () => {
  expect(isAtLeast('git version 2.39.5', [2, 38])).toBe(true);
  expect(isAtLeast('git version 2.38.0 (Apple Git-1)', [2, 38])).toBe(true);
  expect(isAtLeast('git version 2.9.1', [2, 38])).toBe(false);
  expect(isAtLeast('20.18.9', [20, 19])).toBe(false);
  expect(isAtLeast('22.0.0', [20, 19])).toBe(true);
  expect(isAtLeast('no version', [2, 38])).toBe(false);
});

it('B-4: without git it says so in one line and exits 1', async () => {
  const child = spawn(process.execPath, [inRoot('scripts/bootstrap.mjs'), 'up'], {
    env: { PATH: '/nonexistent' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (said.out += chunk));
  child.stderr.on('data', (chunk) => (said.err += chunk));
  const [code] = await once(child, 'close');
  expect(code).toBe(1);
  expect(said.out).toBe('');
  expect(said.err).toMatch(/^roundhouse: git is needed[^\n]*\n$/);
});
