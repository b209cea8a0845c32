import type { Coordinator, InputOf, OPERATIONS, OutputOf } from '@roundhouse/contracts';
import { ownCoordinator } from './access.ts';
import type { Caller, Deps } from './deps.ts';

type Ops = typeof OPERATIONS;
type AccessState = OutputOf<Ops['getAccess']>;

async function stateOf(deps: Deps, { id, createdAt }: Coordinator): Promise<AccessState> {
  const now = deps.clock.now();
  const [stopped, started, [last], openWaits, clients] = await Promise.all([
    deps.access.stoppedAt(id),
    deps.access.startedAt(id),
    deps.audit.ofCoordinator(id, 1),
    deps.presence.openWaits(id, Date.parse(now)),
    deps.presence.clients(id, now),
  ]);
  return {
    coordinatorId: id,
    access: stopped === null ? 'on' : 'off',
    since: stopped ?? started ?? createdAt,
    lastCall: last === undefined ? null : { at: last.at, operation: last.operation, outcome: last.outcome },
    openWaits,
    clients: clients.length,
  };
}

export const getAccess = async (deps: Deps, caller: Caller, { id }: { id: string }): Promise<AccessState> =>
  stateOf(deps, await ownCoordinator(deps, caller, id));

export async function stopAccess(deps: Deps, caller: Caller, { id }: { id: string }): Promise<AccessState> {
  const coordinator = await ownCoordinator(deps, caller, id);
  await deps.access.stop(id, deps.clock.now());
  return stateOf(deps, coordinator);
}

export async function startAccess(deps: Deps, caller: Caller, { id }: { id: string }): Promise<AccessState> {
  const coordinator = await ownCoordinator(deps, caller, id);
  await deps.access.start(id, deps.clock.now());
  return stateOf(deps, coordinator);
}

export async function listClients(
  deps: Deps,
  caller: Caller,
  { id }: { id: string },
): Promise<OutputOf<Ops['listClients']>> {
  await ownCoordinator(deps, caller, id);
  return { clients: await deps.presence.clients(id, deps.clock.now()) };
}

export async function readLog(
  deps: Deps,
  caller: Caller,
  { id, limit }: InputOf<Ops['readLog']>,
): Promise<OutputOf<Ops['readLog']>> {
  await ownCoordinator(deps, caller, id);
  return { entries: await deps.audit.ofCoordinator(id, limit) };
}
