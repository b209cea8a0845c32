import { create } from 'xmlbuilder2';
import type { XMLBuilder } from 'xmlbuilder2/lib/interfaces.js';
import type { CheckResult } from './run-checks.ts';
import type { RunReport } from './run-report.ts';
import type { TaskResult } from './task-result.ts';

interface Case {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly type: string;
  readonly reason: string | null;
  readonly durationMs: number;
  readonly output: string;
}

/**
 * The report as JUnit XML, in the form that GitHub's and GitLab's readers take: a suite of the tasks and, where there are
 * any, one of the checks; times in seconds; `failure` with a type, `skipped`, and the capped output as `system-out`.
 */
export function junitReport(report: RunReport): string {
  const suites = [
    { name: `${report.plan}: tasks`, cases: report.tasks.map(caseOfTask) },
    ...(report.checks.length === 0 ? [] : [{ name: `${report.plan}: checks`, cases: report.checks.map(caseOfCheck) }]),
  ];
  const all = suites.flatMap(({ cases }) => cases);
  // A character that XML does not know would make the whole file unreadable; agents print such.
  const root = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' }).ele('testsuites', {
    name: report.plan,
    ...counts(all),
    time: seconds(report.durationMs),
  });
  for (const { name, cases } of suites) {
    const total = cases.reduce((sum, { durationMs }) => sum + durationMs, 0);
    const attributes = {
      name,
      ...counts(cases),
      time: seconds(total),
      timestamp: report.startedAt.replace(/\.\d+Z$/, ''),
    };
    const suite = root.ele('testsuite', attributes);
    for (const one of cases) addCase(suite, name, one);
  }
  return `${root.end({ prettyPrint: true })}\n`;
}

function addCase(suite: XMLBuilder, classname: string, one: Case): void {
  const element = suite.ele('testcase', { classname, name: one.name, time: seconds(one.durationMs) });
  const message = one.reason ?? one.outcome;
  if (one.outcome === 'failed') element.ele('failure', { message, type: one.type }).txt(message);
  if (one.outcome === 'skipped') element.ele('skipped', { message });
  if (one.output !== '') element.ele('system-out').txt(one.output);
}

const caseOfTask = ({ kind, ...task }: TaskResult): Case => ({ ...task, type: kind ?? 'passed' });
const caseOfCheck = (check: CheckResult): Case => ({ ...check, type: 'check' });

const counts = (cases: readonly Case[]) => ({
  tests: cases.length,
  failures: cases.filter(({ outcome }) => outcome === 'failed').length,
  errors: 0,
  skipped: cases.filter(({ outcome }) => outcome === 'skipped').length,
});

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);
