import { type Coordinator, type InputOf, type OPERATIONS, type OutputOf, RoundhouseError } from '@roundhouse/contracts';
import { actingFor } from '../access.ts';
import type { Caller, Deps } from '../deps.ts';
import { pageOf } from '../list-page.ts';

type Ops = typeof OPERATIONS;

export async function actingCoordinator(deps: Deps, caller: Caller): Promise<Coordinator> {
  const id = actingFor(caller);
  const coordinator = await deps.registry.coordinator(id);
  if (coordinator === null) throw new RoundhouseError('coordinator_not_found', `there is no coordinator ${id}`);
  return coordinator;
}

export async function getNotifications(
  deps: Deps,
  caller: Caller,
  input: InputOf<Ops['getNotifications']>,
): Promise<OutputOf<Ops['getNotifications']>> {
  const { id, notifications: settings } = await actingCoordinator(deps, caller);
  const [entries, heldByWait, standing] = await Promise.all([
    deps.notifications.entries(id),
    deps.notifications.isListening(id),
    deps.webhooks.standing(id),
  ]);
  const all = entries.map(({ entry, dueMs }) => ({ ...entry, dueAt: new Date(dueMs).toISOString() }));
  const { rows, nextCursor } = pageOf(all, ({ at, taskId }) => [at, taskId], input);
  const { webhookUrl } = settings;
  return {
    entries: rows,
    nextCursor,
    nextDueAt: all.map(({ dueAt }) => dueAt).toSorted()[0] ?? null,
    heldByWait,
    settings,
    webhook: webhookUrl === null ? null : { url: webhookUrl, ...standing },
  };
}

export async function acknowledgeNotifications(
  deps: Deps,
  caller: Caller,
  { ids }: InputOf<Ops['acknowledgeNotifications']>,
): Promise<OutputOf<Ops['acknowledgeNotifications']>> {
  const { id } = await actingCoordinator(deps, caller);
  return await deps.notifications.forget(id, ids);
}

export async function dropNotifications(
  deps: Deps,
  caller: Caller,
  { ids }: InputOf<Ops['dropNotifications']>,
): Promise<OutputOf<Ops['dropNotifications']>> {
  const { id } = await actingCoordinator(deps, caller);
  const left = await deps.notifications.forget(id, ids ?? null);
  deps.log.info({ coordinatorId: id, gone: left.gone, by: caller.identity.role }, 'notifications are dropped');
  return left;
}
