import { isOver, signalIsLastWord } from './index-faults.ts';
import { fittingRunners, pickTask } from './pick.ts';
import type { Happening } from './steps.ts';
import type { World } from './world.ts';

/**
 * What would come next for a task if all went well. Chance alone hardly gets past a start: there are thirty things that can
 * happen and one that leads on.
 */
export function naturalStep(world: World, index: number, roll: number): Happening | null {
  const task = pickTask(world, index, ({ record }) => record.lifecycle.state !== 'closed');
  if (task === null) return null;
  const { id, record } = task;
  const entry = world.snapshot.outbox.findIndex(({ effect }) => 'taskId' in effect && effect.taskId === id);
  if (entry >= 0) return { do: 'effect', entry, twice: roll === 0 };
  if (record.lifecycle.state === 'queued') {
    const job = world.openJobs().indexOf(`${id} ${record.attempt}`);
    if (job >= 0) return { do: 'claim', job, again: false };
    const waits = world.snapshot.outbox.findIndex(({ effect }) => effect.type === 'admit');
    return waits >= 0 ? { do: 'effect', entry: waits, twice: false } : null;
  }
  const state = record.lifecycle.state === 'starting' ? 'starting' : 'running';
  const runner = fittingRunners(world, { stale: false, states: [record.lifecycle.state] }).findIndex(
    (one) => one.taskId === id,
  );
  const of = { runner, stale: false };
  if (isOver(record)) return leave(world, task.id, index, roll);
  if (runner < 0) return null;
  if (state === 'starting') return { do: 'link', ...of };
  if (record.prompts.some((prompt) => ['queued', 'written'].includes(prompt.state)))
    return { do: 'report', ...of, report: 'take', repeat: false };
  if (record.publish !== null) return { do: 'report', ...of, report: 'publish', repeat: false };
  if (!signalIsLastWord(record)) return { do: 'signal', ...of, land: roll < 4 };
  if (roll < 3) return { do: 'prompt', task: index, key: null };
  if (roll < 6 && record.landing.state === 'none') return { do: 'merge', task: index };
  if (roll < 9) return { do: 'report', ...of, report: 'exit', repeat: false };
  const by = world.owners.indexOf(record.coordinatorId);
  return { do: 'wait', by, open: false, acknowledge: roll < 12, request: null, undelivered: false };
}

/** Its sandbox goes, then it is closed. */
function leave(world: World, taskId: string, index: number, roll: number): Happening | null {
  const { runners } = world.known;
  const sandboxes = world.snapshot.tasks.get(taskId)?.record.sandboxes ?? [];
  const left = runners.findIndex((one) => one.taskId === taskId && sandboxes.includes(one.attempt));
  if (roll < 8 || left < 0) return { do: 'close', task: index };
  return { do: 'gone', runner: left, stale: null, oom: false };
}
