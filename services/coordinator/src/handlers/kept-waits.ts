import {
  type InputOf,
  KEPT_ANSWER_MS,
  type KeptWait,
  MAX_KEPT_WAITS,
  type OPERATIONS,
  RoundhouseError,
  type WaitAnswer,
  type WaitedFor,
} from '@roundhouse/contracts';
import type { KeptWaits, StoredKeptWait } from '../ports/kept-waits.ts';
import type { IdempotencyStore } from '../ports/idempotency.ts';
import { actingFor, ownTask } from './access.ts';
import type { Caller, Deps } from './deps.ts';
import { readEvents } from './read-events.ts';
import { waitForEvents } from './wait-for-events.ts';
import { waitForIdle } from './wait-for-idle.ts';
import { acknowledgeCursor, waitSignal } from './wait-signal.ts';
import { watch } from './watch.ts';

type Ops = typeof OPERATIONS;
type Keeping = Deps & { readonly keptWaits: KeptWaits; readonly idempotency: IdempotencyStore };

/** How long a look may take beyond the time that it waits, ms: then another one may look as well. */
const LOOK_SLACK_MS = 15_000;
const MAX_CANCELS = 20;
/** How long a cancellation waits for the one that looks to stop, ms. */
const STOP_LOOK_MS = 2_000;

/** Keeps a wait: what it begins with is fixed now, so that nothing which happens between two looks is missed. */
export async function keepWait(deps: Keeping, caller: Caller, input: InputOf<Ops['keepWait']>): Promise<KeptWait> {
  const coordinatorId = actingFor(caller);
  const wait = await begun(deps, caller, input.wait);
  const createdAt = deps.clock.now();
  const after = (ms: number): string => new Date(Date.parse(createdAt) + ms).toISOString();
  const kept: KeptWait = {
    id: deps.clock.nextId(),
    state: 'waiting',
    createdAt,
    updatedAt: createdAt,
    until: after(input.forMs),
    forgottenAt: after(input.forMs + KEPT_ANSWER_MS),
    answer: null,
  };
  const record = { coordinatorId, tokenId: caller.tokenId, wait, kept };
  if (!(await deps.keptWaits.keep(record, input.forMs + KEPT_ANSWER_MS)))
    throw new RoundhouseError('waits_full', `this token keeps ${MAX_KEPT_WAITS} waits that are open`);
  listen(deps, caller, kept.id);
  return kept;
}

/**
 * Looks for the answer, for the given time at most. One call looks at a time, so a wait is never more than one waiter; and
 * what it found is the wait's from then on, not the call's: a caller that has gone asks again, wherever.
 */
export async function readWait(
  deps: Keeping,
  caller: Caller,
  { id, timeoutMs }: InputOf<Ops['readWait']>,
): Promise<KeptWait> {
  const cancelled = new AbortController();
  // Heard from before it is read: else a cancellation in between would be heard by nobody.
  const unsubscribe = deps.keptWaits.onChange(id, () => {
    const heed = (now: StoredKeptWait | null): void => {
      if (now?.record.kept.state !== 'waiting') cancelled.abort();
    };
    const missed = (error: unknown): void => deps.log.debug({ err: error }, 'a kept wait could not be read');
    deps.keptWaits.read(id).then(heed, missed);
  });
  try {
    const { kept } = (await ownWait(deps, caller, id)).record;
    if (kept.state !== 'waiting') return kept;
    listen(deps, caller, id);
    if (!(await deps.keptWaits.beginLook(id, timeoutMs + LOOK_SLACK_MS))) return kept;
    try {
      // Whoever looked before may have found it meanwhile; from here on only a cancellation can change it.
      const stored = await ownWait(deps, caller, id);
      if (stored.record.kept.state !== 'waiting') return stored.record.kept;
      const signal = AbortSignal.any([caller.signal, cancelled.signal]);
      return await look(deps, { ...caller, signal }, stored, timeoutMs);
    } finally {
      await deps.keptWaits.endLook(id);
    }
  } finally {
    unsubscribe();
  }
}

/**
 * Cancelled once is cancelled; what is answered stays so. Whoever looked for it, in whichever process, has stopped when this
 * returns: a wait that begins afterwards meets nobody.
 */
export async function cancelWait(deps: Keeping, caller: Caller, { id }: InputOf<Ops['cancelWait']>): Promise<KeptWait> {
  // What else is stored each time is a wait that has read on, or is over.
  for (let tries = 0; tries < MAX_CANCELS; tries += 1) {
    const stored = await ownWait(deps, caller, id);
    const { record } = stored;
    if (record.kept.state !== 'waiting') return record.kept;
    const kept: KeptWait = { ...record.kept, state: 'cancelled', updatedAt: deps.clock.now() };
    if (await deps.keptWaits.replace(stored, { ...record, kept })) {
      listenNoMore(deps, caller, id);
      await nobodyLooks(deps, caller, id);
      return kept;
    }
  }
  throw new RoundhouseError('version_conflict', 'the wait read on each time that it was to be cancelled');
}

/** A process that died while it looked has left its mark: that one is not waited for. */
async function nobodyLooks(deps: Keeping, { signal }: Caller, id: string): Promise<void> {
  const subscribe = (stir: (event: null) => void) => deps.keptWaits.onChange(id, () => stir(null));
  const ended = async (): Promise<true | null> => ((await deps.keptWaits.isLookedFor(id)) ? null : true);
  await watch({ subscribe, timeoutMs: STOP_LOOK_MS, signal }, ended);
}

async function look(deps: Keeping, caller: Caller, stored: StoredKeptWait, timeoutMs: number): Promise<KeptWait> {
  const { kept, wait } = stored.record;
  const undo: (() => Promise<void>)[] = [];
  const leftMs = (): number => Date.parse(kept.until) - Date.parse(deps.clock.now());
  const waitsMs = Math.max(0, Math.min(timeoutMs, leftMs()));
  const asking = { ...caller, onUndelivered: (step: () => Promise<void>) => void undo.push(step) };
  const answer = await ask(deps, asking, wait, waitsMs);
  const nothing = answer.outcome === 'timeout';
  if (nothing && leftMs() > 0 && !caller.signal.aborted) return await readOn(deps, stored, answer);
  const answered: KeptWait = { ...kept, state: 'answered', updatedAt: deps.clock.now(), answer };
  // A caller whose access has ended gets nothing; of one that has gone this takes nothing: it may ask again.
  if (!caller.signal.aborted && (await deps.keptWaits.replace(stored, { ...stored.record, kept: answered }))) {
    listenNoMore(deps, caller, kept.id);
    return answered;
  }
  for (const step of undo) await step();
  return (await ownWait(deps, caller, kept.id)).record.kept;
}

/** Where events that nobody asked for have gone by, the wait goes on after them: what it would go on from may be trimmed. */
async function readOn(deps: Keeping, stored: StoredKeptWait, answer: WaitAnswer): Promise<KeptWait> {
  const { wait, kept } = stored.record;
  if (wait.operation !== 'waitForEvents' || !('events' in answer) || answer.cursor === wait.input.cursor) return kept;
  const input = { ...wait.input, cursor: answer.cursor };
  await deps.keptWaits.replace(stored, { ...stored.record, wait: { ...wait, input } });
  return kept;
}

function ask(deps: Keeping, caller: Caller, wait: WaitedFor, timeoutMs: number): Promise<WaitAnswer> {
  switch (wait.operation) {
    case 'waitSignal':
      return waitSignal(deps, caller, { ...wait.input, timeoutMs });
    case 'waitForIdle':
      return waitForIdle(deps, caller, { ...wait.input, timeoutMs });
    case 'waitForEvents':
      return waitForEvents(deps, caller, { ...wait.input, timeoutMs });
  }
}

async function begun(deps: Keeping, caller: Caller, wait: WaitedFor): Promise<WaitedFor> {
  const coordinatorId = actingFor(caller);
  switch (wait.operation) {
    case 'waitSignal':
      await acknowledgeCursor(deps, coordinatorId, wait.input.cursor);
      return wait;
    case 'waitForIdle':
      await ownTask(deps, caller, wait.input.id);
      return wait;
    case 'waitForEvents': {
      const { kinds, taskIds, from } = wait.input;
      const cursor = wait.input.cursor ?? (await deps.events.placeOf(coordinatorId, from));
      // For its refusals alone: what there is already the first look gives out.
      await readEvents(deps, coordinatorId, cursor, { kinds, taskIds }, 1);
      return { ...wait, input: { ...wait.input, cursor } };
    }
  }
}

/** The wait, if it is the caller's. Somebody else's is not there at all, so that ids tell nothing. */
async function ownWait(deps: Keeping, caller: Caller, id: string): Promise<StoredKeptWait> {
  const coordinatorId = actingFor(caller);
  const stored = await deps.keptWaits.read(id);
  if (stored?.record.coordinatorId !== coordinatorId || stored.record.tokenId !== caller.tokenId)
    throw new RoundhouseError('wait_not_found', `there is no wait ${id}`);
  return stored;
}

/** A coordinator that keeps a wait needs no notification, between two looks neither; each look says so anew. */
function listen({ notifications, log }: Deps, { identity, coordinatorId }: Caller, id: string): void {
  if (identity.role !== 'coordinator' || coordinatorId === null) return;
  const late = (error: unknown): void => log.warn({ err: error }, 'a wait could not hold back notifications');
  notifications.beginListening(coordinatorId, id).catch(late);
}

function listenNoMore({ notifications, log }: Deps, { identity, coordinatorId }: Caller, id: string): void {
  if (identity.role !== 'coordinator' || coordinatorId === null) return;
  const late = (error: unknown): void => log.warn({ err: error }, 'a wait could not let notifications go');
  notifications.endListening(coordinatorId, id).catch(late);
}
