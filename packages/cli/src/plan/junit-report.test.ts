import { describe, expect, it } from 'vitest';
import { convert } from 'xmlbuilder2';
import { junitReport } from './junit-report.ts';
import type { RunReport } from './run-report.ts';

const task = { taskId: null, branch: null, commit: null, landedAs: null, summary: null, durationMs: 1_500, output: '' };
const report: RunReport = {
  version: 1,
  plan: 'a <plan> & "more"',
  outcome: 'failed',
  reason: null,
  startedAt: '2026-11-23T10:11:12.345Z',
  durationMs: 61_234,
  sandbox: 'process',
  base: 'a'.repeat(40),
  result: { target: 'main', commit: null, branch: null },
  tasks: [
    { ...task, name: 'one', outcome: 'passed', kind: null, reason: null, output: 'fine' },
    {
      ...task,
      name: 'two',
      outcome: 'failed',
      kind: 'timeout',
      reason: 'too long',
      output: 'bell \u0007, ]]>, half \ud800, <b>&',
    },
    { ...task, name: 'three', outcome: 'skipped', kind: 'skipped', reason: 'it needs two', durationMs: 0 },
  ],
  checks: [
    {
      name: 'tests',
      command: ['x'],
      outcome: 'failed',
      reason: 'exited with code 1',
      exitCode: 1,
      durationMs: 20,
      output: '',
    },
  ],
};

describe('junitReport', () => {
  it('RP-2: has counts, times, failures, skips and output, and is well-formed whatever an agent prints', () => {
    const xml = junitReport(report);
    const parsed = convert(xml, { format: 'object' }) as unknown as Record<string, Record<string, unknown>>;
    expect(parsed['testsuites']).toMatchObject({
      // The parser leaves entities as they stand in the file.
      '@name': 'a &lt;plan&gt; &amp; &quot;more&quot;',
      '@tests': '4',
      '@failures': '2',
      '@skipped': '1',
      '@time': '61.234',
      testsuite: [
        {
          '@timestamp': '2026-11-23T10:11:12',
          '@time': '3.000',
          testcase: [
            { '@name': 'one', '@time': '1.500', 'system-out': 'fine' },
            {
              failure: { '@type': 'timeout', '@message': 'too long', '#': 'too long' },
              'system-out': 'bell \ufffd, ]]&gt;, half \ufffd, &lt;b&gt;&amp;',
            },
            { skipped: { '@message': 'it needs two' } },
          ],
        },
        { testcase: { '@name': 'tests', failure: { '@type': 'check' } } },
      ],
    });
  });

  it('RP-2: a plan without checks has no suite of checks', () => {
    expect(junitReport({ ...report, checks: [] }).match(/<testsuite /g)).toHaveLength(1);
  });
});
