import { decide } from '../../domain/decide.ts';
import { type Choice, nextToAdmit } from '../../domain/admission/next-to-admit.ts';
import { budgetSpent, shutKinds } from '../../domain/admission/standing.ts';
import type { AdmitResult } from '../../ports/tasks.ts';
import type { Deps } from '../deps.ts';
import { versioned } from '../commit-change.ts';

type Admitting = Pick<Deps, 'store' | 'clock' | 'log' | 'admission' | 'maxRunning'>;

/** How often in a pass an admission may be refused: another process was first, and each try reads what it left. */
const MAX_REFUSALS = 100;

/**
 * Lets in whoever may be. Level-triggered: it reads how things are, so it may run at any time and in any number of
 * processes; one too many does nothing. Calls for the same tasks while one runs join it, and it looks once more then.
 */
export function createAdmissionPass(deps: Admitting): (coordinatorId: string | null) => Promise<void> {
  const running = new Map<string | null, { again: boolean; done: Promise<void> }>();
  return (coordinatorId) => {
    // Where all share the places, a place of one is anybody's.
    const scope = deps.maxRunning === null ? coordinatorId : null;
    const joined = running.get(scope);
    if (joined !== undefined) {
      joined.again = true;
      return joined.done;
    }
    const pass = { again: false, done: Promise.resolve() };
    const run = async (): Promise<void> => {
      try {
        do {
          pass.again = false;
          await admitAll(deps, scope);
        } while (pass.again);
      } finally {
        running.delete(scope);
      }
    };
    running.set(scope, pass);
    pass.done = run();
    return pass.done;
  };
}

async function admitAll(deps: Admitting, scope: string | null): Promise<void> {
  for (let refusals = 0; refusals < MAX_REFUSALS;) {
    const { coordinators, breakers, running, nowMs } = await deps.admission.waiting(scope);
    const contenders = coordinators.map(({ id, standing, heads }) => ({
      coordinatorId: id,
      heads,
      paused: standing.paused,
      running: standing.running,
      maxRunning: standing.maxRunning,
      budgetSpent: budgetSpent(standing),
    }));
    const house = { running, maxRunning: deps.maxRunning, shut: shutKinds(breakers, nowMs) };
    const choice = nextToAdmit(contenders, house);
    if (choice === null) return;
    const result = await admitOne(deps, choice);
    if (result === 'committed') deps.log.info({ taskId: choice.taskId, trial: choice.trial }, 'a task is admitted');
    else refusals += 1;
  }
  throw new Error(`an admission was refused ${MAX_REFUSALS} times in one pass`);
}

async function admitOne(deps: Admitting, { taskId, trial }: Choice): Promise<AdmitResult> {
  const task = await deps.store.read(taskId);
  if (task === null) throw new Error(`task ${taskId} stands in a line and is not there`);
  const circumstances = { now: deps.clock.now(), nextId: deps.clock.nextId };
  const decision = decide(task, { type: 'admitted', trial }, circumstances);
  if (decision.kind !== 'changed') return 'stale';
  return await deps.store.admit(versioned(deps, task, decision), { most: deps.maxRunning, trial, afterOthers: false });
}
