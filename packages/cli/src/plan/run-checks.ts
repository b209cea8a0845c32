import { printable } from '../output.ts';
import { runCheckProcess } from './check-process.ts';
import type { PlanCheck } from './plan-file.ts';
import type { Progress } from './progress.ts';

/** What is reported of a check. */
export interface CheckResult {
  readonly name: string;
  readonly command: readonly string[];
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly durationMs: number;
  /** The last of what it printed, at most 10,000 characters. */
  readonly output: string;
}

const MAX_OUTPUT_CHARACTERS = 10_000;

/** Runs the checks in their order in one folder. One that fails does not keep the next from being run; a stop does. */
export async function runChecks(
  checks: readonly PlanCheck[],
  parts: {
    readonly folder: string;
    readonly environment: NodeJS.ProcessEnv;
    readonly progress: Progress;
    readonly signal: AbortSignal;
  },
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    if (parts.signal.aborted) {
      results.push(...skipChecks([check], 'the run was stopped'));
      continue;
    }
    const startedAt = performance.now();
    const end = await runCheckProcess(check.command, {
      cwd: parts.folder,
      environment: parts.environment,
      timeoutMs: check.timeoutSeconds * 1_000,
      signal: parts.signal,
    });
    const passed = end.how === 'exited' && end.code === 0;
    const output = printable(end.output).slice(-MAX_OUTPUT_CHARACTERS);
    parts.progress.tell(check.name, passed ? 'check passed' : `check failed: ${end.words}`, passed ? 'good' : 'bad');
    if (!passed) parts.progress.quote(output);
    const { name, command } = check;
    const durationMs = performance.now() - startedAt;
    const reason = passed ? null : end.words;
    results.push({
      name,
      command,
      outcome: passed ? 'passed' : 'failed',
      reason,
      exitCode: end.code,
      durationMs,
      output,
    });
  }
  return results;
}

export const skipChecks = (checks: readonly PlanCheck[], reason: string): CheckResult[] =>
  checks.map(({ name, command }) => ({
    name,
    command,
    outcome: 'skipped',
    reason,
    exitCode: null,
    durationMs: 0,
    output: '',
  }));
