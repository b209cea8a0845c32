import { EventEmitter, once } from 'node:events';
import type { LiveTask } from './judge-notice.ts';
import { isOver, type Moves, nextMoves, type Standing } from './next-moves.ts';
import type { Plan, PlannedTask } from './read-plan.ts';
import { interrupted, settled, skipped, type TaskResult, type Verdict } from './task-result.ts';

/** A created task, since when, and whether what it said is being acted upon right now. */
export interface OpenTask extends LiveTask {
  readonly startedAt: number;
  judging: boolean;
}

/** Where each task of a plan stands. It decides nothing but what nextMoves says, and calls nobody. */
export class TaskLedger {
  readonly #plan: Plan;
  readonly #standing = new Map<string, Standing>();
  readonly #results = new Map<string, TaskResult>();
  readonly #open = new Map<string, OpenTask>();
  readonly #changes = new EventEmitter();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  get isOver(): boolean {
    return isOver(this.#plan.tasks, this.#standing);
  }

  /** The created tasks that have no verdict yet. */
  get open(): OpenTask[] {
    return [...this.#open.values()];
  }

  /** Those of them that may still say something. */
  get awaited(): OpenTask[] {
    return this.open.filter(({ judging }) => !judging);
  }

  find(taskId: string): OpenTask | undefined {
    return this.#open.get(taskId);
  }

  /** Takes the next moves: each task comes once, and the starts count as live from now on. */
  takeMoves(): Moves<PlannedTask> {
    const moves = nextMoves(this.#plan.tasks, this.#standing, this.#plan.concurrency);
    for (const { task, because } of moves.skip) {
      this.#standing.set(task.name, 'skipped');
      this.#results.set(task.name, skipped(task.name, because));
    }
    for (const { name } of moves.start) this.#standing.set(name, 'live');
    return moves;
  }

  created(task: OpenTask): void {
    this.#open.set(task.id, task);
    this.#changes.emit('change');
  }

  /** The word was acted upon, and the task goes on. */
  goesOn(task: OpenTask): void {
    task.judging = false;
    this.#changes.emit('change');
  }

  settle(task: OpenTask, verdict: Verdict, output: string): void {
    this.#open.delete(task.id);
    this.#standing.set(task.plan.name, verdict.outcome);
    this.#results.set(task.plan.name, settled(task, verdict, performance.now() - task.startedAt, output));
    this.#changes.emit('change');
  }

  /** Resolves at the next change; rejects when the signal is aborted. */
  async nextChange(signal: AbortSignal): Promise<void> {
    await once(this.#changes, 'change', { signal });
  }

  /** A result for each task, in the plan's order; who has none was interrupted. */
  results(): TaskResult[] {
    return this.#plan.tasks.map(
      ({ name }) =>
        this.#results.get(name) ??
        interrupted(
          name,
          this.open.find(({ plan }) => plan.name === name),
        ),
    );
  }
}
