import type { RunnerEvent } from '@roundhouse/contracts';
import { fullDisk, outOfMemory } from '../domain/limits.ts';
import type { AgentExit, Gauge, Log } from '../ports.ts';

type LimitHit = Extract<RunnerEvent, { type: 'limit_hit' }>;

/** Looks at the sandbox's limits when the link beats and when the agent ends, and reports the first that was hit, once. */
export class LimitWatch {
  readonly #gauge: Gauge;
  readonly #report: (event: RunnerEvent) => void;
  readonly #log: Log;
  #killsBefore: number | null = null;
  #isLooking = false;
  #isOver = false;
  #isTold = false;

  constructor(gauge: Gauge, report: (event: RunnerEvent) => void, log: Log) {
    this.#gauge = gauge;
    this.#report = report;
    this.#log = log;
  }

  /** Before the agent: what was killed up to now is none of its. */
  async begin(): Promise<void> {
    this.#killsBefore = await this.#gauge.oomKills();
  }

  /** A look at the disk, none while one is under way. */
  async look(): Promise<void> {
    if (this.#isOver || this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#tell(await this.#fullDisk());
    } catch (error) {
      this.#log.warn(
        { reason: error instanceof Error ? error.message : String(error) },
        'the disk cannot be looked at',
      );
    } finally {
      this.#isLooking = false;
    }
  }

  /** Whether a limit was hit, which may have been behind the exit of a program; then it is reported. */
  async isBehind(exit: AgentExit): Promise<boolean> {
    if (!this.#isOver) this.#tell((await this.#memory(exit)) ?? (await this.#fullDisk()));
    return this.#isTold;
  }

  /** Reports the agent's exit, or the limit that was behind it. */
  async ended(exit: AgentExit): Promise<void> {
    if (!(await this.isBehind(exit))) this.#report({ type: 'agent_exited', ...exit });
  }

  /** No limit is of interest any more: the attempt is being wound up. */
  close(): void {
    this.#isOver = true;
  }

  async #memory(exit: AgentExit): Promise<LimitHit | null> {
    const reason = outOfMemory({ before: this.#killsBefore, after: await this.#gauge.oomKills() }, exit);
    return reason === null ? null : { type: 'limit_hit', limit: 'oom', reason };
  }

  async #fullDisk(): Promise<LimitHit | null> {
    const space = await this.#gauge.disk();
    const reason = space === null ? null : fullDisk(space);
    return reason === null ? null : { type: 'limit_hit', limit: 'disk', reason };
  }

  #tell(hit: LimitHit | null): void {
    if (hit === null || this.#isOver) return;
    this.#isOver = true;
    this.#isTold = true;
    this.#log.warn({ limit: hit.limit, reason: hit.reason }, 'a limit was hit');
    this.#report(hit);
  }
}
