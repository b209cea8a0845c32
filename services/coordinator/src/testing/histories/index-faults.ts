import type { TaskRecord } from '@roundhouse/contracts';
import { KINDS_IN_PLAY, type Snapshot, type StoredCoordinator, type StoredTask } from './snapshot.ts';

/** What records say, in words of this file's own: it must not share a mistake with the code that it watches. */
export const isLive = ({ lifecycle }: TaskRecord): boolean => ['starting', 'running'].includes(lifecycle.state);
export const isOver = ({ lifecycle }: TaskRecord): boolean => ['ended', 'closed'].includes(lifecycle.state);
export const holdsPlace = (task: TaskRecord): boolean => task.admission.state === 'admitted' && !isOver(task);
export const heldBy = ({ admission, lifecycle }: TaskRecord): string =>
  lifecycle.state === 'queued' && admission.state === 'held' ? admission.by : '';
const waitsFor = (task: TaskRecord): string[] =>
  ['dependencies', 'failed_dependency'].includes(heldBy(task)) ? task.dependsOn.map(({ taskId }) => taskId) : [];

export function signalIsLastWord(task: TaskRecord): boolean {
  if (task.completion.state !== 'signalled') return false;
  const { afterPrompt } = task.completion.signal;
  return task.prompts.every(({ ordinal, state }) => ordinal <= afterPrompt || state === 'undelivered');
}

/** I5: what counts in `remaining` is what is not settled. */
export function isSettled(task: TaskRecord): boolean {
  const landsItself = task.landing.state === 'queued' && task.landing.by === 'subtask';
  return isOver(task) || (signalIsLastWord(task) && task.publish === null && !landsItself);
}

const hasNotice = ({ delivery }: TaskRecord): boolean => ['pending', 'delivered'].includes(delivery.state);

type Say = (fault: string) => void;

const sorted = (ids: Iterable<string>): string => [...ids].sort().join(' ');

function same(say: Say, what: string, stored: Iterable<string>, expected: Iterable<string>): void {
  const [is, should] = [sorted(stored), sorted(expected)];
  if (is !== should) say(`${what} holds [${is}], by the records [${should}]`);
}

/** Every index against the records that it is derived from. */
export function indexFaults(snapshot: Snapshot): string[] {
  const faults: string[] = [];
  const say: Say = (fault) => void faults.push(fault);
  const tasks = [...snapshot.tasks.values()];
  const idsOf = (fits: (task: TaskRecord) => boolean): string[] =>
    tasks.filter(({ record }) => fits(record)).map(({ id }) => id);
  for (const task of tasks) fieldFaults(task, say);
  same(say, 'the list of all tasks', snapshot.allTasks.keys(), snapshot.tasks.keys());
  // I1: an attempt owns its task by its lease, and nobody else has one.
  same(say, 'leases', snapshot.leases.keys(), idsOf(isLive));
  same(
    say,
    'deadlines',
    snapshot.deadlines.keys(),
    idsOf(({ lifecycle }) => lifecycle.state === 'running'),
  );
  for (const [id, at] of snapshot.deadlines) {
    const deadline = snapshot.tasks.get(id)?.record.deadline ?? null;
    if (deadline === null || Date.parse(deadline) !== at)
      say(`the deadline of ${id} is ${at}, by its record ${deadline}`);
  }
  same(say, 'places', snapshot.places, idsOf(holdsPlace));
  const edges = tasks.flatMap(({ id, record }) => waitsFor(record).map((other) => `${other}:${id}`));
  same(say, 'edges', snapshot.edges, edges);
  const lineNames = tasks.flatMap(({ record }) =>
    heldBy(record) === 'turn' ? [`${record.coordinatorId}:${record.agent.kind}`] : [],
  );
  same(say, 'lines', snapshot.lineNames, new Set(lineNames));
  for (const coordinator of snapshot.coordinators) coordinatorFaults(coordinator, tasks, say);
  return faults;
}

function fieldFaults({ id, fields, record, prompts }: StoredTask, say: Say): void {
  const expected: Record<string, string> = {
    version: String(record.version),
    attempt: String(record.attempt),
    live: isLive(record) ? '1' : '0',
    held: heldBy(record),
    waitsFor: waitsFor(record).join(' '),
  };
  for (const [field, value] of Object.entries(expected))
    if ((fields[field] ?? '') !== value) say(`${field} of ${id} is "${fields[field]}", by its record "${value}"`);
  for (const { id: promptId, bytes, state } of record.prompts) {
    const text = prompts[promptId];
    if (text === undefined) say(`prompt ${promptId} of ${id} (${state}) has no text`);
    else if (Buffer.byteLength(text) !== bytes) say(`prompt ${promptId} of ${id} has not ${bytes} bytes`);
  }
}

function coordinatorFaults(stored: StoredCoordinator, all: readonly StoredTask[], say: Say): void {
  const own = all.filter(({ record }) => record.coordinatorId === stored.id);
  const idsOf = (fits: (task: TaskRecord) => boolean): string[] =>
    own.filter(({ record }) => fits(record)).map(({ id }) => id);
  same(
    say,
    'the tasks of a coordinator',
    stored.tasks.keys(),
    idsOf(() => true),
  );
  same(
    say,
    'unsettled (I5)',
    stored.unsettled,
    idsOf((task) => !isSettled(task)),
  );
  same(say, 'notices', stored.notices.keys(), idsOf(hasNotice));
  same(say, 'the places of a coordinator', stored.places, idsOf(holdsPlace));
  same(say, 'the live ones of a coordinator', stored.live.keys(), idsOf(isLive));
  const since = [...stored.live.values()].reduce((sum, at) => sum + at, 0);
  if (Number(stored.usage['sinceSumMs'] ?? 0) !== since)
    say(`sinceSumMs is ${stored.usage['sinceSumMs']}, the live ones add up to ${since}`);
  for (const by of ['turn', 'dependencies', 'failed_dependency']) {
    const [counted, are] = [Number(stored.usage[`held:${by}`] ?? 0), idsOf((task) => heldBy(task) === by).length];
    if (counted !== are) say(`held:${by} is ${counted}, there are ${are}`);
  }
  for (const kind of KINDS_IN_PLAY)
    same(
      say,
      `the line of ${kind}`,
      stored.lines.get(kind)?.keys() ?? [],
      idsOf((task) => heldBy(task) === 'turn' && task.agent.kind === kind),
    );
}
