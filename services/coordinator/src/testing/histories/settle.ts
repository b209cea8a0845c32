import { budgetSpent } from '../../domain/admission/standing.ts';
import { outcomeOf } from '../../domain/admission/dependencies.ts';
import { heldBy } from './index-faults.ts';
import { execute, follow, wait } from './perform.ts';
import type { World } from './world.ts';

const MAX_ROUNDS = 200;
/** Longer than a notice stays with who got it, also where a clock was set back meanwhile. */
const REDELIVERED_MS = 86_400_000;

/**
 * After a history: every process is there again and nothing fails any more. What was ordered is done, and then nothing may
 * be left that ought to go on by itself.
 */
export async function settle(world: World): Promise<void> {
  await world.heal();
  await world.quiet();
  await world.check(false);
  for (let round = 0; world.snapshot.outbox.length > 0; round += 1) {
    if (round > MAX_ROUNDS) throw new Error('effects bring about effects without end');
    for (const entry of world.snapshot.outbox) execute(world, await world.process(round), entry);
    await world.quiet();
    await world.check(false);
  }
  await forgottenTasks(world);
  await everyNoticeArrives(world);
  await everyEventIsRead(world);
  await world.end();
  if (world.calls.size > 0) throw new Error(`${world.calls.size} calls outlive their client`);
}

/** I14, and that no landing or close is stuck. */
async function forgottenTasks(world: World): Promise<void> {
  const records = [...world.snapshot.tasks.values()].map(({ record }) => record);
  const { deps } = await world.process(0);
  const { standings, running, breakers } = await deps.admission.standings(world.owners);
  const { maxRunning } = world.around;
  for (const task of records) {
    if (task.landing.state === 'queued') throw new Error(`the landing of ${task.id} is stuck`);
    if (task.closing !== null && task.lifecycle.state === 'ended' && task.sandboxes.length === 0)
      throw new Error(`the close of ${task.id} is stuck`);
    if (heldBy(task) === 'dependencies') {
      const waits = task.dependsOn.some(({ taskId, until }) => {
        const other = world.snapshot.tasks.get(taskId)?.record;
        return other !== undefined && outcomeOf(other, until) === 'pending';
      });
      if (!waits) throw new Error(`I14: ${task.id} waits for nothing that can come`);
    }
    const standing = standings.get(task.coordinatorId);
    if (heldBy(task) !== 'turn' || standing === undefined) continue;
    const full = standing.maxRunning !== null && standing.running >= standing.maxRunning;
    const houseFull = maxRunning !== null && running >= maxRunning;
    if (!full && !houseFull && !standing.paused && !budgetSpent(standing) && !breakers.has(task.agent.kind))
      throw new Error(`I14: ${task.id} has room and is not let in`);
  }
}

/** I4: what nobody has acknowledged is handed out, to whoever asks, in whichever process. */
async function everyNoticeArrives(world: World): Promise<void> {
  for (const [by, owner] of world.owners.entries()) {
    const stored = () => world.snapshot.coordinators.find(({ id }) => id === owner);
    const { known } = world;
    // Whoever waits already gets what comes again; a call of ours must not race with it.
    for (const { gone } of world.calls) gone.abort();
    await world.quiet();
    await world.passTime(REDELIVERED_MS);
    await world.check(false);
    const left = stored()?.notices.size ?? 0;
    known.cursors.delete(owner);
    for (let round = 0; round <= left; round += 1) {
      wait(world, await world.process(round), {
        do: 'wait',
        by,
        open: false,
        acknowledge: true,
        request: null,
        undelivered: false,
      });
      await world.quiet();
      await world.check(true);
    }
    if ((stored()?.notices.size ?? 0) > 0)
      throw new Error(`I4: of ${left} notices ${stored()?.notices.size} are handed out to nobody`);
  }
}

/** I3: a reader that went on from its cursor, in any process, has seen every event once and in order. */
async function everyEventIsRead(world: World): Promise<void> {
  for (const owner of world.owners) {
    const told = world.snapshot.coordinators.find(({ id }) => id === owner)?.events ?? [];
    for (let round = 0; round <= told.length; round += 1) {
      follow(world, await world.process(round), owner);
      await world.quiet();
      if ((world.known.readers.get(owner)?.events.length ?? 0) >= told.length) break;
    }
    const read = (world.known.readers.get(owner)?.events ?? []).map(({ cursor }) => cursor).join(' ');
    if (read !== told.map(({ id }) => id).join(' '))
      throw new Error(`I3: a reader of ${owner} has not seen what was told`);
  }
}
