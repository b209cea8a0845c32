import { expect, it } from 'vitest';
import { forwardedHeaders } from './forwarded-headers.ts';
import { LineAllowance } from './line-allowance.ts';

it('RL-12: hop-by-hop headers, those that Connection names and the proxy’s own stay behind, the rest as it was', () => {
  const raw = ['Accept', 'a', 'Proxy-Authorization', 'secret', 'X-Secret', 's', 'CONNECTION', 'close, x-secret'];
  const more = ['Set-Cookie', '1', 'set-cookie', '2', 'TE', 'trailers', 'Upgrade', 'h2c', 'Host', 'evil.test'];
  expect(forwardedHeaders([...raw, ...more], ['host'])).toEqual(
    ['Accept', 'a', 'Set-Cookie', '1', 'set-cookie', '2', 'Via', '1.1 roundhouse'], //
  );
});

it('RL-20: lines are bounded by the second and the rest is counted', () => {
  const lines = new LineAllowance(2);
  expect([0, 1, 2, 3, 999].map((ms) => lines.take(ms))).toEqual([0, 0, null, null, null]);
  expect([1_000, 1_001, 1_002].map((ms) => lines.take(ms))).toEqual([3, 0, null]);
});
