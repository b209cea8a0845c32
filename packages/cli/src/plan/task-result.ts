/** Why a task of a plan did not pass, for machines. The end kinds of the contracts, and what only a run knows. */
export type FailureKind =
  | 'conflicted'
  | 'landing_failed'
  | 'exited'
  | 'failed'
  | 'lost'
  | 'cancelled'
  | 'oom'
  | 'timeout'
  | 'disk'
  | 'dependency'
  | 'stuck'
  | 'undelivered'
  | 'refused'
  | 'interrupted';

/** How a task came out. */
export type Verdict =
  | { readonly outcome: 'passed'; readonly commit: string | null; readonly landedAs: string | null }
  | { readonly outcome: 'failed'; readonly kind: FailureKind; readonly reason: string };

/** What is reported of a task. Text of the agent (summary, output) is untrusted. */
export interface TaskResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Null where it passed. */
  readonly kind: FailureKind | 'skipped' | null;
  readonly reason: string | null;
  readonly taskId: string | null;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly landedAs: string | null;
  readonly summary: string | null;
  /** From its creation to its verdict, milliseconds. */
  readonly durationMs: number;
  /** The last of what its terminal showed, at most 10,000 characters. */
  readonly output: string;
}

interface Created {
  readonly id: string;
  readonly branch: string;
  readonly summary: string | null;
  readonly startedAt: number;
}

const nothing = { taskId: null, branch: null, commit: null, landedAs: null, summary: null, durationMs: 0, output: '' };

export const skipped = (name: string, because: string): TaskResult => ({
  ...nothing,
  name,
  outcome: 'skipped',
  kind: 'skipped',
  reason: `it needs ${because}, which did not pass`,
});

export const interrupted = (name: string, task: Created | undefined): TaskResult => ({
  ...nothing,
  ...(task === undefined ? {} : ofTask(task, performance.now() - task.startedAt)),
  name,
  outcome: 'failed',
  kind: 'interrupted',
  reason: task === undefined ? 'the run ended before it could start' : 'the run ended before it was done',
});

export function settled(
  task: Created & { readonly plan: { readonly name: string } },
  verdict: Verdict,
  durationMs: number,
  output: string,
): TaskResult {
  const common = { ...nothing, ...ofTask(task, durationMs), name: task.plan.name, output };
  if (verdict.outcome === 'failed') return { ...common, ...verdict };
  return { ...common, ...verdict, kind: null, reason: null };
}

const ofTask = ({ id, branch, summary }: Created, durationMs: number) => ({ taskId: id, branch, summary, durationMs });
