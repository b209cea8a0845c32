import { isDeepStrictEqual } from 'node:util';
import { type TaskEvent, TaskRecord } from '@roundhouse/contracts';
import type { Effect } from '../../domain/events.ts';
import type { HubLedger } from './memory-hub.ts';
import { heldBy, holdsPlace, isLive, isOver } from './index-faults.ts';
import type { Snapshot } from './snapshot.ts';

type Say = (fault: string) => void;
const LIFE = ['queued', 'starting', 'running', 'ended', 'closed'];

/** What must be true of two moments of the store, one after the other, whatever happened in between. */
export function invariantFaults(
  before: Snapshot,
  after: Snapshot,
  world: { readonly hub: HubLedger; readonly jobs: ReadonlySet<string>; readonly maxRunning: number | null },
): string[] {
  const faults: string[] = [];
  const say: Say = (fault) => void faults.push(fault);
  for (const [id, { record }] of after.tasks) {
    taskFaults(record, say);
    const known = before.tasks.get(id)?.record;
    if (known?.version !== record.version) shapeFaults(record, say);
    if (known !== undefined) stepFaults(known, record, say);
  }
  for (const id of before.tasks.keys()) if (!after.tasks.has(id)) say(`task ${id} is gone`);
  eventFaults(before, after, say);
  effectFaults(after, world.jobs, say);
  landingFaults(after, world.hub, say);
  // I13; a limit that was lowered ends nothing.
  const placed = [...after.tasks.values()].filter(({ record }) => holdsPlace(record)).length;
  if (world.maxRunning !== null && placed > world.maxRunning) say(`I13: ${placed} have a place of ${world.maxRunning}`);
  for (const { id, maxRunning, places } of after.coordinators) {
    const was = before.coordinators.find((one) => one.id === id);
    const news = [...places].filter((taskId) => was?.places.has(taskId) !== true).length;
    // What was let in just before the limit was lowered, within one moment, was let in rightly.
    const changed = was !== undefined && was.maxRunning !== maxRunning;
    if (!changed && maxRunning !== null && places.size > maxRunning && news > 0)
      say(`I13: ${places.size} of ${id} have a place of ${maxRunning}`);
  }
  return faults;
}

/** What is written is what its readers make of it: a process keeps what it wrote as it was written. */
function shapeFaults(record: TaskRecord, say: Say): void {
  const read = TaskRecord.safeParse(record);
  if (!isDeepStrictEqual(read.data, record)) say(`${record.id} is stored otherwise than it is read`);
}

function taskFaults(task: TaskRecord, say: Say): void {
  const { id, lifecycle, sandboxes, attempt } = task;
  if (lifecycle.state === 'closed' && sandboxes.length > 0)
    say(`I9: ${id} is closed, and has sandboxes ${sandboxes.join()}`);
  if (task.admission.state === 'held' && sandboxes.length > 0) say(`I12: ${id} has begun and is held`);
  if (isLive(task) && !sandboxes.includes(attempt)) say(`I1: ${id} is live and its attempt has no sandbox`);
  if (new Set(sandboxes).size !== sandboxes.length) say(`I1: ${id} has one sandbox twice: ${sandboxes.join()}`);
  if ((task.deadline !== null) !== (lifecycle.state === 'running')) say(`${id} is ${lifecycle.state} with a deadline`);
  if (task.publish !== null && lifecycle.state !== 'running') say(`${id} is ${lifecycle.state} and is to publish`);
  const ordinals = task.prompts.map(({ ordinal }) => ordinal);
  if (ordinals.some((ordinal, index) => index > 0 && ordinal <= (ordinals[index - 1] ?? 0)))
    say(`the prompts of ${id} are out of order: ${ordinals.join()}`);
  if (new Set(task.prompts.map((prompt) => prompt.id)).size !== ordinals.length) say(`I10: ${id} has a prompt twice`);
}

function stepFaults(before: TaskRecord, after: TaskRecord, say: Say): void {
  const { id } = after;
  if (after.version < before.version) say(`${id} went back from version ${before.version} to ${after.version}`);
  if (after.version === before.version && !isDeepStrictEqual(after, before))
    say(`${id} changed within version ${after.version}`);
  if (after.attempt < before.attempt) say(`I1: ${id} went back to attempt ${after.attempt}`);
  if (after.attempt > after.limits.attempts) say(`${id} has attempt ${after.attempt} of ${after.limits.attempts}`);
  const place = (task: TaskRecord): number => LIFE.indexOf(task.lifecycle.state);
  if (after.attempt === before.attempt && place(after) < place(before))
    say(`${id} went back from ${before.lifecycle.state} to ${after.lifecycle.state}`);
  if (isOver(before) && after.attempt !== before.attempt) say(`I2: ${id} had ended and has another attempt`);
  if (before.closing !== null && after.closing === null) say(`${id} was closing and is not`);
  if (after.eventSeq < before.eventSeq && after.attempt === before.attempt) say(`${id} forgot events of its runner`);
  if (before.landing.state === 'landed' && !['landed', 'queued'].includes(after.landing.state)) {
    // A later signal may be landed as well, and conflict; what has landed stays on the branch.
    const { landing } = after;
    if (!('commit' in landing) || landing.commit === before.landing.commit) say(`I6: what ${id} landed is not landed`);
  }
  if (before.delivery.state === 'acknowledged' && after.delivery.state !== 'acknowledged') {
    const same = after.delivery.state !== 'none' && after.delivery.notice.id === before.delivery.notice.id;
    if (same || after.delivery.state === 'none')
      say(`a notice of ${id} was acknowledged and is ${after.delivery.state}`);
  }
}

/** I2 and I3: the stream only grows, tells every change once and in order, and each attempt ends once. */
function eventFaults(before: Snapshot, after: Snapshot, say: Say): void {
  for (const { id, events } of after.coordinators) {
    const known = before.coordinators.find((one) => one.id === id)?.events ?? [];
    const prefix = JSON.stringify(events.slice(0, known.length));
    if (prefix !== JSON.stringify(known)) say(`I3: events of ${id} were changed after they had been appended`);
    const byTask = new Map<string, TaskEvent[]>();
    for (const { event } of events) byTask.set(event.taskId, [...(byTask.get(event.taskId) ?? []), event]);
    for (const [taskId, told] of byTask) {
      const record = after.tasks.get(taskId)?.record;
      if (record === undefined) say(`I3: an event of ${taskId}, which is not there`);
      else toldFaults(record, told, say);
    }
    for (const [taskId] of after.coordinators.find((one) => one.id === id)?.tasks ?? [])
      if (!byTask.has(taskId)) say(`I3: nothing was told of ${taskId}`);
  }
}

function toldFaults(task: TaskRecord, told: readonly TaskEvent[], say: Say): void {
  const { id, attempt } = task;
  const versions = told.map(({ version }) => version);
  if (versions[0] !== 1 || !told[0]?.kinds.includes('created')) say(`I3: ${id} began with ${versions[0]}`);
  if (versions.some((version, index) => index > 0 && version <= (versions[index - 1] ?? 0)))
    say(`I3: events of ${id} are doubled or out of order: ${versions.join()}`);
  if ((versions.at(-1) ?? 0) > task.version) say(`I3: an event of ${id} is of a version that is not stored`);
  const count = (kind: TaskEvent['kinds'][number], of: number): number =>
    told.filter((event) => event.attempt === of && event.kinds.includes(kind)).length;
  for (let over = 1; over < attempt; over += 1)
    if (count('retrying', over + 1) !== 1 || count('ended', over) !== 0)
      say(`I2: attempt ${over} of ${id} ended ${count('retrying', over + 1) + count('ended', over)} times`);
  const ends = count('ended', attempt);
  if (ends !== (isOver(task) ? 1 : 0))
    say(`I2: attempt ${attempt} of ${id} ended ${ends} times and is ${task.lifecycle.state}`);
}

/** What a commit has ordered is not forgotten before it is done: it is in the outbox, or its outcome is there. */
function effectFaults(after: Snapshot, jobs: ReadonlySet<string>, say: Say): void {
  const ordered = new Set(after.outbox.map(({ effect }) => nameOf(effect)));
  for (const [id, { record }] of after.tasks) {
    const { lifecycle, landing, admission, attempt } = record;
    if (lifecycle.state === 'queued' && admission.state === 'admitted' && record.closing === null)
      if (!jobs.has(`${id} ${attempt}`) && !ordered.has(`enqueue ${id} ${attempt}`))
        say(`attempt ${attempt} of ${id} is nobody’s to start`);
    if (landing.state === 'queued' && !ordered.has(`land ${id}`)) say(`the landing of ${id} is nobody’s to do`);
    if (lifecycle.state === 'ended' && record.closing !== null && record.sandboxes.length === 0)
      if (!ordered.has(`finish_close ${id}`)) say(`the close of ${id} is nobody’s to finish`);
    if (heldBy(record) === 'dependencies' && record.dependsOn.length === 0 && !ordered.has(`weigh ${id}`))
      say(`${id} waits for nothing, and nobody looks`);
  }
  for (const { effect } of after.outbox)
    if ('taskId' in effect && !after.tasks.has(effect.taskId))
      say(`an effect for ${effect.taskId}, which is not there`);
}

const nameOf = (effect: Effect): string =>
  [effect.type, 'taskId' in effect ? effect.taskId : '', 'attempt' in effect ? effect.attempt : ''].join(' ').trim();

/** I6 and I7, by what stands in the hub. */
function landingFaults(after: Snapshot, hub: HubLedger, say: Say): void {
  const names = hub.landed.map(({ commit, target }) => `${commit} ${target}`);
  if (new Set(names).size !== names.length) say('I6: a commit landed twice');
  for (const [id, { record }] of after.tasks) {
    const { landing, lifecycle } = record;
    if (landing.state === 'landed' && !hub.landed.some(({ landedAs }) => landedAs === landing.landedAs))
      say(`I6: ${id} says that it has landed, and the hub does not know`);
    if (lifecycle.state === 'closed' && !hub.archived.has(id)) say(`I7: ${id} is closed, and nothing is archived`);
  }
}
