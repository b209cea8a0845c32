import type { RunnerEvent } from '@roundhouse/contracts';
import { expect, it } from 'vitest';
import { parseProgramStatus } from '../domain/program-status.ts';
import { QuotaWatch } from './watch-quota.ts';

it('AD-22: a quota that the agent tells of is reported with its words, once a minute at most', () => {
  let now = 0;
  const reports: RunnerEvent[] = [];
  const watch = new QuotaWatch(
    (event) => reports.push(event),
    () => new Date(now),
  );
  const say = (payload: string): void => {
    const status = parseProgramStatus(payload);
    if (status !== null) watch.status(status);
  };
  say('state=error');
  say('state=idle:kind=quota:msg=no');
  say('state=error:kind=quota:msg=5-hour%20limit: try later:until=2026-01-01T10%3A00%3A00Z');
  const until = '2026-01-01T10:00:00.000Z';
  expect(reports).toEqual([{ type: 'quota_hit', reason: '5-hour limit: try later', until }]);
  now = 59_999;
  say('state=error:kind=quota');
  expect(reports).toHaveLength(1);
  now = 60_000;
  say(`state=error:kind=quota:until=tomorrow:msg=${'x'.repeat(900)}`);
  expect(reports[1]).toEqual({ type: 'quota_hit', reason: 'x'.repeat(500), until: null });
});
