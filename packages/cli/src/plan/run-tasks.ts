import type { Notice, OPERATIONS, OutputOf } from '@roundhouse/contracts';
import { oneLine } from '../output.ts';
import { closeTask, lastOutput } from './end-task.ts';
import { judgeNotice, type Word } from './judge-notice.ts';
import type { Call } from './patient-call.ts';
import { type Progress, pulseWords } from './progress.ts';
import type { Plan, PlannedTask } from './read-plan.ts';
import { createStuckWatch } from './stuck-watch.ts';
import { type OpenTask, TaskLedger } from './task-ledger.ts';
import type { TaskResult, Verdict } from './task-result.ts';

/** How long one wait lasts at most before it is looked whether anybody is stuck; also a log's pulse. */
const LOOK_MS = 30_000;

export interface RunParts {
  /** Speaks as the run's own coordinator, so that every notice is about a task of this run; its calls end with `signal`. */
  readonly callUntil: (signal: AbortSignal) => Call;
  /** The branch of the hub that tasks start from and land on. */
  readonly target: string;
  readonly progress: Progress;
  /** Makes a repeated create one task, and never one of another run. */
  readonly runId: string;
  readonly signal: AbortSignal;
}

/** What came of it. `open`: the tasks that exist still, because the run ended early. */
export interface RunOutcome {
  readonly results: readonly TaskResult[];
  readonly open: readonly { readonly id: string }[];
  /** Why it ended early, other than by `signal`. */
  readonly fault: unknown;
}

/** Runs the tasks of a plan to their end, or until `signal` is aborted, or the service fails. Never rejects. */
export const runTasks = (plan: Plan, parts: RunParts): Promise<RunOutcome> => new TaskRun(plan, parts).run();

/**
 * Each task starts when those it needs have landed, is landed when it signals, and is closed. What tasks say is heard by
 * waitSignal alone, each notice acknowledged by the next wait, and acted upon side by side with the next wait.
 */
class TaskRun {
  readonly #parts: RunParts;
  readonly #tasks: readonly PlannedTask[];
  readonly #ledger: TaskLedger;
  readonly #isStuck: ReturnType<typeof createStuckWatch>;
  readonly #lookMs: number;
  /** Aborted when every task has its verdict, or at a fault: then nothing is waited for any more. */
  readonly #over = new AbortController();
  readonly #broken = new AbortController();
  readonly #waiting: AbortSignal;
  readonly #call: Call;
  readonly #background = new Set<Promise<void>>();

  constructor(plan: Plan, parts: RunParts) {
    this.#parts = parts;
    this.#tasks = plan.tasks;
    this.#ledger = new TaskLedger(plan);
    this.#isStuck = createStuckWatch(plan.idleMs);
    this.#lookMs = Math.min(LOOK_MS, plan.idleMs);
    this.#waiting = AbortSignal.any([parts.signal, this.#over.signal]);
    this.#call = parts.callUntil(AbortSignal.any([parts.signal, this.#broken.signal]));
  }

  async run(): Promise<RunOutcome> {
    this.#advance();
    try {
      await this.#hearAll();
    } catch (error) {
      this.#fail(error);
    }
    // What is under way may start more: a landing that is answered lets dependants start, until it is over.
    while (this.#background.size > 0) await Promise.all(this.#background);
    const fault: unknown = this.#broken.signal.aborted ? this.#broken.signal.reason : null;
    return { results: this.#ledger.results(), open: this.#ledger.open, fault };
  }

  async #hearAll(): Promise<void> {
    let cursor: string | undefined;
    while (!this.#waiting.aborted) {
      if (this.#ledger.awaited.length === 0) {
        // What comes next comes from here: a task that is created, or a landing that is answered.
        await this.#ledger.nextChange(this.#waiting);
        continue;
      }
      const input = { timeoutMs: this.#lookMs, ...(cursor === undefined ? {} : { cursor }) };
      const answer = await this.#call('waitSignal', input, { signal: this.#waiting });
      cursor = answer.cursor;
      if (answer.notice !== null) this.#take(answer.notice);
      else await this.#look(answer.outcome);
    }
  }

  #advance(): void {
    for (;;) {
      if (this.#waiting.aborted) return;
      const { start, skip } = this.#ledger.takeMoves();
      for (const { task, because } of skip) {
        this.#parts.progress.tell(task.name, `skipped: it needs ${oneLine(because)}`, 'quiet');
      }
      for (const task of start) this.#inBackground(this.#start(task));
      // A skip may bring about further skips.
      if (skip.length === 0) break;
    }
    if (this.#ledger.isOver) this.#over.abort();
  }

  async #start(plan: PlannedTask): Promise<void> {
    const startedAt = performance.now();
    const { name, prompt, agent, limits, image, land } = plan;
    const input = { name, prompt, agent, limits, baseBranch: this.#parts.target, allowLandSelf: land };
    const { id, branch } = await this.#call('createTask', image === null ? input : { ...input, image }, {
      idempotencyKey: `${this.#parts.runId}-${this.#tasks.indexOf(plan)}`,
    });
    this.#parts.progress.tell(name, `created, on ${branch}`);
    this.#ledger.created({ plan, id, branch, summary: null, wasToldOfConflict: false, startedAt, judging: false });
  }

  #take(notice: Notice): void {
    const { kind } = notice;
    if (kind === 'signal' || kind === 'landed' || kind === 'ended') return this.#hear({ ...notice, kind });
    // Nobody is there to answer: it is told, and who waits for an answer for too long is stuck.
    const text = notice.question?.text ?? notice.report?.text ?? 'a person has typed';
    const name = this.#ledger.find(notice.taskId)?.plan.name ?? notice.taskName;
    this.#parts.progress.tell(oneLine(name), `${kind}: ${oneLine(text).slice(0, 200)}`);
  }

  #hear(notice: Word): void {
    const task = this.#ledger.find(notice.taskId);
    // Heard twice, or of a task that is being judged already: a landing and an end wake every wait.
    if (task === undefined || task.judging) return;
    task.judging = true;
    if (notice.kind === 'signal') {
      const said = notice.summary === null ? '' : `: ${oneLine(notice.summary).slice(0, 200)}`;
      this.#parts.progress.tell(task.plan.name, `signalled ${notice.commit?.slice(0, 8) ?? ''}${said}`);
    }
    this.#inBackground(this.#judge(task, () => judgeNotice(this.#call, task, notice)));
  }

  async #judge(task: OpenTask, judge: () => Promise<Verdict | null>): Promise<void> {
    const verdict = await judge();
    if (verdict === null) {
      this.#parts.progress.tell(task.plan.name, 'its work conflicts: told so, and at work again');
      this.#ledger.goesOn(task);
      return;
    }
    const output = await lastOutput(this.#call, task.id);
    this.#tellVerdict(task, verdict, output);
    this.#ledger.settle(task, verdict, output);
    this.#inBackground(this.#close(task));
    this.#advance();
  }

  #tellVerdict({ plan }: OpenTask, verdict: Verdict, output: string): void {
    if (verdict.outcome === 'failed') {
      this.#parts.progress.tell(plan.name, `failed: ${verdict.reason}`, 'bad');
      this.#parts.progress.quote(output);
    } else {
      const words = verdict.landedAs === null ? 'passed' : `landed as ${verdict.landedAs.slice(0, 8)}`;
      this.#parts.progress.tell(plan.name, words, 'good');
    }
  }

  /** A task that cannot be closed is told of, and is no fault: its verdict stands, and its work is where it is. */
  async #close({ id, plan }: OpenTask): Promise<void> {
    const fault = await closeTask(this.#call, id, this.#parts.signal);
    if (fault !== null) this.#parts.progress.tell(plan.name, `could not be closed: ${fault}`, 'bad');
  }

  /** Nobody said anything for a while, or nobody is left to: the records are asked. */
  async #look(outcome: OutputOf<typeof OPERATIONS.waitSignal>['outcome']): Promise<void> {
    const awaited = this.#ledger.awaited;
    const tasks = await Promise.all(awaited.map(({ id }) => this.#call('getTask', { id }, { signal: this.#waiting })));
    if (outcome === 'timeout' && this.#parts.progress.silentMs() >= LOOK_MS - 1_000) {
      this.#parts.progress.say(`at work: ${tasks.map(pulseWords).join(', ')}`);
    }
    for (const [index, open] of awaited.entries()) {
      const task = tasks[index];
      if (task === undefined || open.judging) continue;
      const verdict = this.#isStuck(task);
      if (verdict !== null) {
        open.judging = true;
        this.#inBackground(this.#judge(open, () => Promise.resolve(verdict)));
      } else if (task.settled) {
        // Its notice was handed out and lost on the way; the record says the same.
        const commit = task.completion.state === 'signalled' ? task.completion.signal.commit : null;
        const end = 'end' in task.lifecycle ? task.lifecycle.end : null;
        this.#hear({ taskId: task.id, kind: end === null ? 'signal' : 'ended', commit, summary: null, end });
      }
    }
  }

  #inBackground(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#background.delete(tracked));
    this.#background.add(tracked);
  }

  /** What fails because the run is over, or was stopped, is no fault. */
  #fail(error: unknown): void {
    if (!this.#waiting.aborted) this.#broken.abort(error);
    this.#over.abort();
  }
}
