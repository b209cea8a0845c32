import {
  type Coordinator,
  type CoordinatorStanding,
  type HeldBy,
  type InputOf,
  type OPERATIONS,
  RoundhouseError,
} from '@roundhouse/contracts';
import { heldInLine } from '../../domain/admission/standing.ts';
import { actingFor } from '../access.ts';
import type { Caller, Deps } from '../deps.ts';

const notFound = (id: string): RoundhouseError =>
  new RoundhouseError('coordinator_not_found', `there is no coordinator ${id}`);

export async function getCoordinator(deps: Deps, caller: Caller): Promise<CoordinatorStanding> {
  const id = actingFor(caller);
  const coordinator = await deps.registry.coordinator(id);
  if (coordinator === null) throw notFound(id);
  return await standingOf(deps, coordinator);
}

async function standingOf(deps: Deps, coordinator: Coordinator): Promise<CoordinatorStanding> {
  const { id } = coordinator;
  const [counts, state] = await Promise.all([deps.admission.counts(id), deps.admission.standings([id])]);
  const standing = state.standings.get(id);
  if (standing === undefined) throw notFound(id);
  const house = { running: state.running, maxRunning: deps.maxRunning };
  const held: Record<HeldBy, number> = {
    dependencies: counts.dependencies,
    failed_dependency: counts.failedDependency,
    paused: 0,
    concurrency: 0,
    budget: 0,
    quota: 0,
  };
  for (const [kind, count] of counts.inLine) held[heldInLine(kind, { ...state, standing, house }).why] += count;
  return {
    coordinator,
    tasks: {
      created: counts.created,
      running: standing.running,
      queued: Object.values(held).reduce((sum, count) => sum + count, 0),
      held,
      remaining: counts.remaining,
      settled: counts.created - counts.remaining,
    },
    used: { tasks: counts.created, wallClockSeconds: Math.floor(standing.spentMs / 1_000) },
    house,
  };
}

async function setPaused(deps: Deps, caller: Caller, paused: boolean): Promise<CoordinatorStanding> {
  const id = actingFor(caller);
  const by = caller.identity.role === 'operator' ? 'operator' : 'coordinator';
  const changed = await deps.registry.changeCoordinator(id, (known) => ({
    ...known,
    paused: paused ? (known.paused ?? { at: deps.clock.now(), by }) : null,
  }));
  if (changed === null) throw notFound(id);
  deps.log.info({ coordinatorId: id, paused, by }, 'a coordinator is paused or resumed');
  return await standingOf(deps, changed);
}

export const pauseCoordinator = (deps: Deps, caller: Caller): Promise<CoordinatorStanding> =>
  setPaused(deps, caller, true);

export const resumeCoordinator = (deps: Deps, caller: Caller): Promise<CoordinatorStanding> =>
  setPaused(deps, caller, false);

export async function updateCoordinator(
  deps: Deps,
  _caller: Caller,
  { id, name, maxRunning, budget }: InputOf<typeof OPERATIONS.updateCoordinator>,
): Promise<Coordinator> {
  const changed = await deps.registry.changeCoordinator(id, (known) => ({
    ...known,
    name: name ?? known.name,
    // Null is a word here: no limit.
    maxRunning: maxRunning === undefined ? known.maxRunning : maxRunning,
    budget: {
      tasks: budget?.tasks === undefined ? known.budget.tasks : budget.tasks,
      wallClockSeconds:
        budget?.wallClockSeconds === undefined ? known.budget.wallClockSeconds : budget.wallClockSeconds,
    },
  }));
  if (changed === null) throw notFound(id);
  return changed;
}
