import { randomUUID } from 'node:crypto';
import { ApiClient } from '@roundhouse/contracts';
import { type ConnectedService, namedService } from '../connect.ts';
import type { Context } from '../context.ts';
import { sandboxChoice, type SandboxOptions } from '../embedded/sandbox-choice.ts';
import { listenForStop, type StopSignals } from '../embedded/stop-signals.ts';
import { explain, Failure } from '../failure.ts';
import { oneLine } from '../output.ts';
import { closeTask } from './end-task.ts';
import { finishRun } from './finish-run.ts';
import { patientCall } from './patient-call.ts';
import { notRun, PLAN_EXIT } from './plan-exit.ts';
import { openPlanHub, type PlanHub } from './plan-hub.ts';
import { findPlanRepository, type PlanRepository } from './plan-repository.ts';
import { type PlanService, startOwnService, useService } from './plan-service.ts';
import { createProgress, type Progress, summaryTable } from './progress.ts';
import { type Plan, readPlan } from './read-plan.ts';
import { skipChecks } from './run-checks.ts';
import { outcomeOf, type RunReport } from './run-report.ts';
import { runTasks } from './run-tasks.ts';
import { type ReportFiles, writeReports } from './write-reports.ts';

export interface RunOptions extends SandboxOptions, ReportFiles {
  /** Absolute. */
  readonly plan: string;
  readonly connect?: string;
  readonly tokenFile?: string;
  /** The branch to write the result to; null: none. */
  readonly resultBranch: (plan: Plan) => string | null;
}

/** What is done when all is over or nobody wants it any more has this long. */
const AFTERWARDS_MS = 60_000;

/**
 * `roundhouse run`, from the plan to the reports: everything that it starts it ends, and nothing of it is left.
 * @throws Failure with exit code 1 where a task or check failed, 2 where the plan is wrong, 3 where it could not be run
 */
export async function runPlan(context: Context, options: RunOptions): Promise<void> {
  const plan = await readPlan(options.plan);
  const signals = listenForStop();
  const run = { context, options, plan, signals, progress: createProgress(context.output), runId: randomUUID() };
  /** What goes wrong in here is neither the plan's fault nor a task's. */
  const ran = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw notRun(signals.stop.aborted ? new Failure('the run was stopped', { cause: error }) : error);
    });
  try {
    const named = await ran(namedService(context, options));
    const { inherited: environment } = context.config;
    const parts = { own: named === null, runId: run.runId, environment, signal: signals.stop };
    const repository = await findPlanRepository(plan, parts);
    conclude(run, await ran(serve(run, named, repository)));
  } finally {
    signals.dispose();
  }
}

interface Run {
  readonly context: Context;
  readonly options: RunOptions;
  readonly plan: Plan;
  readonly signals: StopSignals;
  readonly progress: Progress;
  readonly runId: string;
}

/** Has a service, runs the plan on it, writes the reports, and ends the service. */
async function serve(run: Run, named: ConnectedService | null, repository: PlanRepository): Promise<RunReport> {
  const { plan, signals, progress } = run;
  progress.say(
    `plan ${oneLine(plan.name)}: ${plan.tasks.length} tasks, at most ${plan.concurrency} at once, on ${repository.path} at ${repository.commit.slice(0, 8)}`,
  );
  const service = await open(run, named);
  let left: string | null = null;
  let report: RunReport;
  try {
    report = await work({ ...run, service, repository });
    // Before the service ends: who has no patience with that has the reports.
    await writeReports(report, run.options);
    if (report.outcome === 'stopped' && !signals.stop.aborted) progress.quote((await service.lastWords()) ?? '');
  } catch (error) {
    const words = await service.lastWords();
    if (words !== null && !signals.stop.aborted) progress.quote(words);
    throw error;
  } finally {
    left = await service.stop();
  }
  if (left !== null) throw new Failure(left);
  return report;
}

async function open(run: Run, named: ConnectedService | null): Promise<PlanService> {
  const { context, options, plan, signals, progress } = run;
  if (named !== null) {
    progress.say(`using the service at ${named.baseUrl}`);
    return useService(named.baseUrl, named.token, signals.stop);
  }
  const sandbox = sandboxChoice(options, plan.sandbox ?? 'process');
  progress.say(
    `starting a service of its own; agents run ${sandbox.kind === 'docker' ? 'in containers' : 'as plain processes'}`,
  );
  if (sandbox.kind === 'process' && plan.tasks.some(({ image }) => image !== null)) {
    progress.say('plain processes have no image: those of the plan are left aside');
  }
  const slots = Math.min(1_000, 2 * plan.concurrency + sandbox.warm.max);
  return startOwnService(context, { sandbox, slots, say: (text) => progress.say(text), signals });
}

async function work(
  run: Run & { readonly service: PlanService; readonly repository: PlanRepository },
): Promise<RunReport> {
  const { context, options, plan, signals, progress, runId, service, repository } = run;
  const startedAt = new Date();
  const { kind } = sandboxChoice(options, plan.sandbox ?? 'process');
  const { api, operatorToken, own, scratch } = service;
  const { inherited: environment } = context.config;
  const time = AbortSignal.timeout(plan.timeoutMs);
  const signal = AbortSignal.any([signals.stop, service.broken, time]);
  const hub = await openPlanHub(repository, { api, operatorToken, own, name: plan.name, environment, signal });
  const afterwards = AbortSignal.any([signals.hurry, service.broken, AbortSignal.timeout(AFTERWARDS_MS)]);
  try {
    const client = new ApiClient({ baseUrl: api, token: hub.coordinatorToken, coordinatorId: hub.coordinatorId });
    const callUntil = (until: AbortSignal) => patientCall(client, until);
    const { target } = repository;
    const isPlain = own && kind === 'process';
    const tasks = isPlain ? plan.tasks.map((task) => ({ ...task, image: null })) : plan.tasks;
    const { results, open, fault } = await runTasks({ ...plan, tasks }, { callUntil, target, progress, runId, signal });
    // A service of our own ends them when it stops; one that goes on must be told.
    if (!own) await Promise.all(open.map(({ id }) => closeTask(callUntil(afterwards), id, afterwards)));
    const whole = { signal: AbortSignal.any([signals.stop, time.aborted ? afterwards : time]), environment, scratch };
    const parts = { ...whole, ...hub, operatorToken, target, context, repository, progress };
    const canFinish = fault === null && !signals.stop.aborted && !service.broken.aborted;
    const finish = canFinish
      ? await finishRun(plan, results, { ...parts, resultBranch: options.resultBranch(plan) })
      : {
          checks: skipChecks(plan.checks, 'the run ended early'),
          result: { target, commit: null, branch: null },
          fault: null,
        };
    const early = earlyEnd(fault ?? finish.fault, { signals, service, time, plan });
    return {
      version: 1,
      plan: plan.name,
      outcome: early?.outcome ?? outcomeOf(results, finish.checks),
      reason: early?.reason ?? null,
      startedAt: startedAt.toISOString(),
      durationMs: Date.now() - startedAt.getTime(),
      sandbox: own ? kind : 'service',
      base: repository.commit,
      result: finish.result,
      tasks: results,
      checks: finish.checks,
    };
  } finally {
    await closeHub(hub, own, progress);
  }
}

/** Why a run did not come to its end, or null. Taking longer than the plan allows is the plan's failure, the rest is not. */
function earlyEnd(
  fault: unknown,
  of: { readonly signals: StopSignals; readonly service: PlanService; readonly time: AbortSignal; readonly plan: Plan },
): Pick<RunReport, 'outcome' | 'reason'> | null {
  const { signals, service, time, plan } = of;
  if (signals.stop.aborted) return { outcome: 'stopped', reason: `it was stopped (${String(signals.stop.reason)})` };
  if (service.broken.aborted) return { outcome: 'stopped', reason: String(service.broken.reason) };
  if (fault !== null) return { outcome: 'stopped', reason: explain(fault).message };
  if (time.aborted)
    return { outcome: 'failed', reason: `it took more than the ${plan.timeoutMs / 1_000} s of its plan` };
  return null;
}

/** The token dies with a service of our own; elsewhere it is withdrawn, and if that fails it is said, not hidden. */
async function closeHub(hub: PlanHub, own: boolean, progress: Progress): Promise<void> {
  if (own) return;
  await hub
    .close()
    .catch((error: unknown) => progress.say(`its token could not be withdrawn: ${explain(error).message}`));
}

/** The table, the result, and the exit code. */
function conclude({ context, progress }: Run, report: RunReport): void {
  const { output } = context;
  output.line();
  output.line(summaryTable(output, [...report.tasks, ...report.checks]));
  output.line();
  const count = (outcome: string): number =>
    [...report.tasks, ...report.checks].filter((one) => one.outcome === outcome).length;
  const words = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
  const { target, commit } = report.result;
  if (commit !== null) progress.say(`result: ${commit} on ${oneLine(target)} of the hub`);
  if (report.outcome === 'passed') return progress.say(output.colour.green(words));
  const early = report.reason === null ? '' : `; ${report.reason}`;
  throw new Failure(`${words}${early}`, {
    exitCode: report.outcome === 'stopped' ? PLAN_EXIT.notRun : PLAN_EXIT.failed,
  });
}
