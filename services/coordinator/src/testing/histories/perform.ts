import { derivedId } from '../../handlers/derived-id.ts';
import { executeEffect } from '../../effects/execute-effects.ts';
import { reapOnce } from '../../effects/reap-attempts.ts';
import { waitForEvents } from '../../handlers/wait-for-events.ts';
import { waitSignal } from '../../handlers/wait-signal.ts';
import { isLive, signalIsLastWord } from './index-faults.ts';
import { naturalStep } from './natural-step.ts';
import { PATIENCE_MS, coordinatorCaller, performCommand } from './perform-commands.ts';
import { performRunner } from './perform-runner.ts';
import { pickTask } from './pick.ts';
import type { PlayedProcess } from './played-process.ts';
import type { Happening, Step } from './steps.ts';
import type { World } from './world.ts';

/** Begins a step. What it has begun is over, or does nothing but wait, when the world is quiet. */
export async function perform(world: World, { what: given, at, fault }: Step): Promise<void> {
  const what = given.do === 'next' ? naturalStep(world, given.task, given.roll) : given;
  if (what === null || what.do === 'next') return;
  const process = await world.process(at);
  if (fault !== null) process.connection.arm(fault);
  switch (what.do) {
    case 'claim':
    case 'link':
    case 'beat':
    case 'desired':
    case 'report':
    case 'signal':
    case 'gone':
      return performRunner(world, process, what);
    case 'wait':
      return wait(world, process, what);
    case 'follow':
      return follow(world, process, world.owner(what.by));
    case 'effect': {
      const { outbox } = world.snapshot;
      const entry = outbox[what.entry % Math.max(1, outbox.length)];
      if (entry === undefined) return;
      execute(world, process, entry);
      // An entry is handed out again where nobody heard that it was done.
      if (what.twice) execute(world, await world.process(at + 1), entry);
      return;
    }
    case 'leave': {
      const calls = [...world.calls];
      calls[what.call % Math.max(1, calls.length)]?.gone.abort();
      return;
    }
    case 'git': {
      const task = pickTask(world, what.task, ({ record }) => signalIsLastWord(record));
      const completion = task?.record.completion;
      if (completion?.state === 'signalled') world.around.hub.outcomes.set(completion.signal.commit, what.outcome);
      return;
    }
    case 'silence': {
      const task = pickTask(world, what.task, ({ record }) => isLive(record));
      // Redis’s own clock cannot be moved: what is moved is the end of the lease.
      if (task !== null) await world.around.redis.zadd('{rh}:leases', 'XX', 1, task.id);
      return reap(world, process);
    }
    case 'reap':
      return reap(world, process);
    case 'time':
      return world.passTime(what.ms);
    case 'clock':
      process.skewMs = what.ms;
      return;
    default:
      return performCommand(world, process, what);
  }
}

const reap = (world: World, process: PlayedProcess): void => void world.call(process, () => reapOnce(process.deps));

/** As the outbox does it: the entry goes once it is done, and stays where anything fails. */
export function execute(
  world: World,
  process: PlayedProcess,
  { id, effect }: World['snapshot']['outbox'][number],
): void {
  const tries = (world.tries.get(id) ?? 0) + 1;
  world.tries.set(id, tries);
  world.call(process, async () => {
    await executeEffect(process.deps, effect, tries);
    await process.connection.redis.xdel('{rh}:outbox', id);
  });
}

type Wait = Happening<'wait'>;

export function wait(
  world: World,
  process: PlayedProcess,
  { by, open, acknowledge, request, undelivered }: Wait,
): void {
  const owner = world.owner(by);
  const { known } = world;
  const cursor = acknowledge ? known.cursors.get(owner) : undefined;
  const requestId = request === null ? undefined : derivedId([owner, String(request)]);
  const input = {
    timeoutMs: open ? PATIENCE_MS : 0,
    ...(cursor === undefined ? {} : { cursor }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  world.call(process, (_, client) => waitSignal(process.deps, coordinatorCaller(owner, client), input), {
    bounded: !open,
    undelivered,
    answered: (answer) => {
      known.cursors.set(owner, answer.cursor);
      if (cursor !== undefined && cursor !== '-') known.acknowledged.add(cursor.split('.')[1] ?? '');
      if (answer.outcome === 'nothing_live') world.saidNothingLive(owner);
      // What was only heard has the cursor that the caller came with.
      if (answer.notice === null || answer.cursor !== `${answer.notice.taskId}.${answer.notice.id}`) return;
      const { id } = answer.notice;
      const again = requestId !== undefined && known.replayable.has(requestId);
      if (known.acknowledged.has(id) && !again)
        world.faults.push(`I4: notice ${id} was handed out after it was acknowledged`);
      if (!answer.redelivered && !again && known.received.has(id))
        world.faults.push(`I4: notice ${id} was handed out twice as new`);
      known.received.add(id);
      if (requestId !== undefined) known.replayable.add(requestId);
    },
  });
}

/** A reader goes on from where it was, in whichever process, as one that was cut off does. */
export function follow(world: World, process: PlayedProcess, owner: string): void {
  const reader = world.known.readers.get(owner) ?? { cursor: null, events: [] };
  world.known.readers.set(owner, reader);
  if (reader.reading) return;
  reader.reading = true;
  const place = reader.cursor === null ? { from: 'oldest' as const } : { from: 'now' as const, cursor: reader.cursor };
  world.call(
    process,
    async (_, client) => {
      try {
        return await waitForEvents(process.deps, coordinatorCaller(owner, client), {
          ...place,
          limit: 7,
          timeoutMs: 0,
        });
      } finally {
        reader.reading = false;
      }
    },
    {
      answered: ({ cursor, events }) => {
        reader.cursor = cursor;
        reader.events.push(...events);
      },
    },
  );
}
