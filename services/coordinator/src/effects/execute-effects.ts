import { type ErrorCode, RoundhouseError } from '@roundhouse/contracts';
import { notificationText } from '../domain/notification-text.ts';
import { mayBePrompted } from '../domain/notifications.ts';
import { derivedId } from '../handlers/derived-id.ts';
import type { Effect, EffectType, LandResult } from '../domain/events.ts';
import type { Deps } from '../handlers/deps.ts';
import { weighTask } from '../handlers/admission/weigh.ts';
import { transition } from '../handlers/transition.ts';
import type { AttemptQueue } from '../ports/effects.ts';

export type EffectDeps = Deps & {
  readonly queue: AttemptQueue;
  /** Lets in whoever may be, of one coordinator or (null) of all. */
  readonly admit: (coordinatorId: string | null) => Promise<void>;
};
type Executor<T extends EffectType> = (
  deps: EffectDeps,
  effect: Extract<Effect, { type: T }>,
  tries: number,
) => Promise<void>;

/** After so many tries a landing is told as failed: git says the same thing each time. */
const LAND_TRIES = 3;

/** Why a prompt may be refused that was possible a moment ago. */
const NOT_NOW: readonly ErrorCode[] = ['prompt_queue_full', 'task_ended', 'task_closed'];

/** What each effect does. Every one may run again: the outbox hands out at least once. */
const EXECUTORS: { readonly [T in EffectType]: Executor<T> } = {
  enqueue: async ({ queue }, { taskId, attempt }) => queue.enqueue(taskId, attempt),

  admit: async ({ admit }, { coordinatorId }) => admit(coordinatorId),

  weigh: async (deps, { taskId }) => void (await weighTask(deps, taskId)),

  weigh_dependants: async (deps, { taskId }) => {
    for (const dependant of await deps.admission.dependants(taskId)) await weighTask(deps, dependant);
  },

  quota_hit: async ({ breakers, log }, { id, kind, taskId, until, reason }) => {
    const at = until === null ? null : Date.parse(until);
    const { breaker } = await breakers.happen(kind, { type: 'hit', id, until: at, reason, taskId });
    log.warn({ kind, taskId, until: breaker?.until, retryAt: breaker?.retryAt }, 'a quota is used up');
  },

  trial_over: async ({ breakers }, { kind, taskId, outcome }) => {
    await breakers.happen(kind, { type: `trial_${outcome}`, taskId });
  },

  land: async (deps, { taskId }, tries) => {
    const task = await deps.store.read(taskId);
    if (task === null || task.landing.state !== 'queued') return;
    const { commit, target, message } = task.landing;
    const words = message ?? `Merge branch '${task.branch}'\n\n${task.name}`;
    let result: LandResult;
    try {
      result = await deps.hubs.land(task.projectId, { commit, target, message: words });
    } catch (error) {
      if (tries < LAND_TRIES) throw error;
      deps.log.error({ taskId, error }, 'a landing failed');
      result = { kind: 'failed', reason: 'git failed in the hub; the log of the service has its words' };
    }
    await transition(deps, taskId, { type: 'land_finished', result });
  },

  tell_host: async (deps, { taskId, message }) => {
    const host = await deps.store.read(taskId);
    // Whatever keeps it from being typed, its entries are told again.
    if (host === null || !mayBePrompted(host, deps.clock.now())) return;
    const text = notificationText(message);
    const prompt = { id: derivedId(['notification', message.id]), text };
    const event = { type: 'prompt_requested', promptId: prompt.id, bytes: Buffer.byteLength(text) } as const;
    await transition(deps, taskId, event, { prompt }).catch((error: unknown) => {
      if (!(error instanceof RoundhouseError) || !NOT_NOW.includes(error.code)) throw error;
    });
  },

  finish_close: async (deps, { taskId }) => {
    const task = await deps.store.read(taskId);
    if (task === null || task.lifecycle.state !== 'ended') return;
    const archiveRefs = await deps.hubs.archiveTask(task.projectId, taskId, task.branch);
    // Dead since the attempts' ends. They go now, so that the store holds those of open tasks alone.
    await deps.tokens.forgetTask(taskId);
    await transition(deps, taskId, { type: 'close_finished', archiveRefs });
  },
};

export async function executeEffect(deps: EffectDeps, effect: Effect, tries: number): Promise<void> {
  const execute = EXECUTORS[effect.type] as Executor<EffectType>;
  await execute(deps, effect, tries);
}
