import { randomUUID } from 'node:crypto';
import type { SandboxProfile } from '@roundhouse/contracts';
import type { Logger } from '@roundhouse/host';
import { backoffMs } from '../domain/backoff.ts';
import { type HandOvers, NO_HAND_OVERS, calmInMs, handOverBegun, handOverEnded } from '../domain/calm.ts';
import { type Demand, asked, burst } from '../domain/demand.ts';
import { type PoolMember, planPool, whoGivesWay } from '../domain/pool-plan.ts';
import { type ProfileLike, profileKey } from '../domain/profile-key.ts';
import { warmShares, warmTotal } from '../domain/warm-size.ts';
import { type Sandboxes, SandboxesAwayError, type WarmView } from '../ports.ts';
import type { Gate } from './gate.ts';
import { Rounds } from './rounds.ts';
import type { Slots } from './slots.ts';

export interface WarmPoolParts {
  readonly sandboxes: Sandboxes;
  /** What cold starts take turns in too; they go first. */
  readonly starts: Gate;
  readonly slots: Slots;
  /** How many there are at least and at most. */
  readonly min: number;
  readonly max: number;
  /** Called when there is one more to take. */
  readonly ready: () => void;
  readonly log: Logger;
}

/** How often it is looked whether they still live, and whether there are too many. */
const LOOK_MS = 5_000;
/** Between two steps down. */
const SHRINK_MS = 10_000;
const MAX_RETRY_MS = 60_000;

interface Member extends PoolMember {
  isReady: boolean;
  /** Given it when it is ready, or null where it never will be: whoever took it while it was starting. */
  taker: ((warmId: string | null) => void) | null;
  /** Gives its start up. */
  readonly cancel: AbortController;
}

/**
 * Sandboxes that run ahead of their attempts. They have places, but only such as no attempt has: one that needs a place
 * for another profile ends one of them. They are started one at a time, when no attempt waits for its turn to start. One
 * whose start fails is tried again ever more rarely; it ends when its profile is not wanted any more.
 */
export class WarmPool {
  readonly #parts: WarmPoolParts;
  readonly #rounds: Rounds;
  readonly #stopping = new AbortController();
  readonly #members = new Map<string, Member>();
  readonly #failures = new Map<string, { readonly count: number; readonly retryAt: number }>();
  readonly #counts = { taken: 0, refused: 0, missed: 0 };
  #handOvers: HandOvers = NO_HAND_OVERS;
  #calmTimer: NodeJS.Timeout | undefined;
  /** Null until somebody has said what is wanted: before, nobody knows of one that an earlier launcher left that it is not. */
  #profiles: ReadonlyMap<string, SandboxProfile> | null = null;
  #demand: Demand = new Map();
  #total = 0;
  #steppedAt = 0;

  constructor(parts: WarmPoolParts) {
    this.#parts = parts;
    this.#rounds = new Rounds(() => this.#round(), { everyMs: LOOK_MS, what: 'the warm pool', log: parts.log });
  }

  /** All of them, also those that only start. */
  get size(): number {
    return this.#members.size;
  }

  /** Those that could be taken now. */
  get readyCount(): number {
    return [...this.#members.values()].filter(({ isReady }) => isReady).length;
  }

  /** What attempts may soon ask for, the most likely first. */
  want(profiles: readonly SandboxProfile[]): void {
    const wanted = new Map(profiles.map((profile) => [profileKey(profile), profile]));
    for (const key of this.#failures.keys()) if (!wanted.has(key)) this.#failures.delete(key);
    this.#profiles = wanted;
    this.poke();
  }

  /** One that somebody else made: an earlier launcher, or an attempt that is over. */
  adopt({ warmId, profile, isReady, createdAtMs }: WarmView): void {
    const key = profileKey(profile);
    this.#members.set(warmId, { warmId, key, createdAtMs, isReady, taker: null, cancel: new AbortController() });
    this.#parts.ready();
    this.poke();
  }

  /**
   * Takes the oldest that fits out of the pool, or answers null where there is none. The caller assigns it and then says
   * how that went: until it is calm again none is started, for a burst of attempts needs the processors more.
   */
  take(profile: ProfileLike): string | null {
    const key = profileKey(profile);
    this.#demand = asked(this.#demand, key, Date.now());
    const [first] = [...this.#members.values()]
      .filter((member) => member.isReady && member.key === key)
      .sort((one, other) => one.createdAtMs - other.createdAtMs);
    if (first === undefined) {
      this.#counts.missed += 1;
      this.poke();
      return null;
    }
    this.#members.delete(first.warmId);
    this.#handOvers = handOverBegun(this.#handOvers, Date.now());
    return first.warmId;
  }

  /**
   * Takes one that fits and is just starting: it is ready before one that would be started now, and has its place already.
   * Resolves when it is ready, as `take` answers; with null where its start failed. Null: none is starting.
   */
  takeStarting(profile: ProfileLike): Promise<string | null> | null {
    const key = profileKey(profile);
    const coming = [...this.#members.values()].find((member) => !member.isReady && member.key === key);
    if (coming === undefined) return null;
    this.#members.delete(coming.warmId);
    this.#handOvers = handOverBegun(this.#handOvers, Date.now());
    return new Promise((resolve) => (coming.taker = resolve));
  }

  /** Once for each that was taken. */
  handedOver(outcome: 'taken' | 'refused'): void {
    this.#counts[outcome] += 1;
    this.#handOvers = handOverEnded(this.#handOvers, Date.now());
    this.#pokeWhenCalm();
  }

  /** Ends warm ones until all that run have their places. To be awaited before another sandbox starts. */
  async giveWay(): Promise<void> {
    const { sandboxes, slots } = this.#parts;
    while (this.#members.size + slots.held > slots.limit) {
      const warmId = whoGivesWay([...this.#members.values()], [...(this.#profiles?.keys() ?? [])]);
      if (warmId === null) return;
      this.#release(warmId);
      await sandboxes.endWarm(warmId);
    }
  }

  /** Looks at once whether there are as many as there should be. */
  poke(): void {
    this.#rounds.poke();
  }

  #pokeWhenCalm(): void {
    clearTimeout(this.#calmTimer);
    const ms = calmInMs(this.#handOvers, Date.now());
    if (ms !== Infinity && !this.#stopping.signal.aborted) this.#calmTimer = setTimeout(() => this.poke(), ms);
  }

  /** Starts no more of them; with `end` there are none left afterwards. */
  async stop({ end }: { readonly end: boolean }): Promise<void> {
    this.#stopping.abort(new Error('the launcher is stopping'));
    clearTimeout(this.#calmTimer);
    await this.#rounds.stop();
    const { sandboxes, log } = this.#parts;
    log.info({ ...this.#counts }, 'warm pool stopped');
    if (!end) return;
    const ids = [...this.#members.keys()];
    this.#members.clear();
    for (const result of await Promise.allSettled(ids.map((warmId) => sandboxes.endWarm(warmId)))) {
      if (result.status === 'rejected') log.error({ err: result.reason as unknown }, 'a warm sandbox did not end');
    }
  }

  async #round(): Promise<void> {
    if (!this.#parts.sandboxes.readiness().ready) return;
    try {
      await this.#dropLost();
      const profiles = this.#profiles;
      if (profiles === null) return;
      const sizes = this.#sizes([...profiles.keys()], Date.now());
      const { end, start } = planPool([...this.#members.values()], sizes, Date.now());
      await Promise.all(end.map((warmId) => this.#end(warmId)));
      const profile = start === null ? undefined : profiles.get(start);
      if (profile === undefined) return;
      if (calmInMs(this.#handOvers, Date.now()) > 0) this.#pokeWhenCalm();
      else await this.#start(profile);
    } catch (error) {
      // They are away, which is said elsewhere; being back they wake us.
      if (!(error instanceof SandboxesAwayError) && !this.#stopping.signal.aborted) throw error;
    }
  }

  async #dropLost(): Promise<void> {
    const ours = [...this.#members.values()].filter(({ isReady }) => isReady);
    const views = new Map((await this.#parts.sandboxes.listWarm()).map((view) => [view.warmId, view]));
    for (const { warmId } of ours) {
      if (this.#members.has(warmId) && views.get(warmId)?.isReady !== true) await this.#end(warmId);
    }
  }

  #sizes(wanted: readonly string[], now: number): Map<string, number> {
    const { slots, min, max } = this.#parts;
    const shares = wanted.map((key) => ({
      burst: burst(this.#demand, key, now),
      // One that failed to start is no reason to end those that live.
      stuckAt: (this.#failures.get(key)?.retryAt ?? 0) > now ? this.#countOf(key) : null,
    }));
    const bursts = shares.map((share) => share.burst);
    const room = Math.max(0, slots.limit - slots.held);
    const mayShrink = now - this.#steppedAt >= SHRINK_MS;
    const total = warmTotal({ min, max, room, bursts, before: this.#total, mayShrink });
    if (total !== this.#total) this.#steppedAt = now;
    this.#total = total;
    const sizes = warmShares(total, shares);
    return new Map(wanted.map((key, index) => [key, sizes[index] ?? 0]));
  }

  #countOf(key: string): number {
    return [...this.#members.values()].filter((member) => member.key === key).length;
  }

  async #start(profile: SandboxProfile): Promise<void> {
    const { sandboxes, starts, slots, log } = this.#parts;
    const key = profileKey(profile);
    const leave = await starts.enter(this.#stopping.signal, { yields: true });
    const warmId = randomUUID();
    const cancel = new AbortController();
    const member: Member = { warmId, key, createdAtMs: Date.now(), isReady: false, taker: null, cancel };
    try {
      // While it waited for its turn, the last place may have gone, or the wish.
      if (this.#members.size + slots.held >= slots.limit || this.#profiles?.has(key) !== true) return;
      this.#members.set(warmId, member);
      await sandboxes.startWarm({ warmId, profile }, AbortSignal.any([this.#stopping.signal, cancel.signal]));
      this.#failures.delete(key);
      if (member.taker !== null) return member.taker(warmId);
      // It gave way in the moment in which it became ready: who ended it then may have been too early.
      if (!this.#members.has(warmId)) return await sandboxes.endWarm(warmId);
      member.isReady = true;
      this.#parts.ready();
    } catch (error) {
      const wasReleased = !this.#members.delete(warmId) && member.taker === null;
      if (member.taker !== null) this.#notReady(member.taker);
      if (error instanceof SandboxesAwayError || wasReleased || this.#stopping.signal.aborted) return;
      const count = (this.#failures.get(key)?.count ?? 0) + 1;
      const pauseMs = backoffMs(count, MAX_RETRY_MS);
      this.#failures.set(key, { count, retryAt: Date.now() + pauseMs });
      const { projectId, image } = profile;
      log.warn({ projectId, image, err: error, tries: count, pauseMs }, 'a warm sandbox could not be started');
    } finally {
      leave();
    }
    this.poke();
  }

  #notReady(taker: (warmId: null) => void): void {
    this.#handOvers = handOverEnded(this.#handOvers, Date.now());
    taker(null);
  }

  async #end(warmId: string): Promise<void> {
    this.#release(warmId);
    await this.#parts.sandboxes.endWarm(warmId);
  }

  #release(warmId: string): void {
    this.#members.get(warmId)?.cancel.abort(new Error('the warm sandbox gives way'));
    this.#members.delete(warmId);
  }
}
