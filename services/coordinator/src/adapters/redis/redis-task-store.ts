import { LEASE, RoundhouseError, type TaskEvent, type TaskRecord } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import { isLive, isSettled } from '../../domain/derived.ts';
import { firstNotice } from '../../domain/notices.ts';
import type { AdmissionGate, AdmitResult, Commit, TaskStore } from '../../ports/tasks.ts';
import { NOTIFICATION_TIMES, type NotificationTimes } from '../../domain/notification-times.ts';
import type { BoxChange } from '../../domain/notifications.ts';
import { heldBy, holdsPlace, turnOf } from '../../domain/admission/place.ts';
import { answersOf } from './answers.ts';
import { KEYS, lineName } from './keys.ts';
import { ownLines } from './redis-admission-index.ts';
import { RecordCache } from './record-cache.ts';
import { KEPT_EVENTS } from './redis-event-log.ts';
import { loadScript } from './script.ts';

/** How long a notice that was handed out stays unseen by other waits before it is handed out again, ms. */
export const REDELIVER_AFTER_MS = 120_000;

/** Beyond every instant, so that what nobody has is due whatever any clock says: 2^42 ms is the year 2109. */
const HORIZON_MS = 2 ** 42;

/** The task's first notice as commit.lua takes it; undefined where there is none to hand out. */
function noticeOf(task: TaskRecord): { mark: string; turn?: number; againMs?: number } | undefined {
  const first = firstNotice(task);
  if (first === null) return undefined;
  const { notice, deliveredAt } = first;
  if (deliveredAt === null) return { mark: `pending ${notice.id}`, turn: Date.parse(notice.at) - HORIZON_MS };
  // Two clocks may differ here: no wait is longer for it than a whole one.
  const sinceMs = Date.parse(task.updatedAt) - Date.parse(deliveredAt);
  const againMs = Math.min(Math.max(REDELIVER_AFTER_MS - sinceMs, 0), REDELIVER_AFTER_MS);
  return { mark: `${deliveredAt} ${notice.id}`, againMs };
}

/** When the hold of a person ends, ms; null where none is to be looked at. */
const holdUntil = ({ control, lifecycle }: TaskRecord): number | null =>
  control.holder === 'human' && lifecycle.state !== 'closed' ? Date.parse(control.until) : null;

/** A lease begins with the claim, is renewed by heartbeats, and ends with the attempt. */
function leaseMs({ task, kinds }: Commit): number {
  if (!isLive(task)) return 0;
  if (kinds.includes('starting')) return LEASE.startTtlMs;
  return kinds.includes('running') ? LEASE.ttlMs : -1;
}

/** What commit.lua answers, by its number. 8 is the budget of tasks: of creations alone. */
const ANSWERS: readonly AdmitResult[] = [
  'stale',
  'committed',
  'not_its_turn',
  'paused',
  'no_place',
  'no_place_in_house',
  'budget',
  'quota',
];
const TASK_BUDGET_SPENT = 8;

/** All that commit.lua is told; see there. */
function changeOf(commit: Commit, gate: AdmissionGate | null, count: boolean, times: NotificationTimes) {
  const { expected, task, kinds, effects, prompt, graph, box, stir } = commit;
  const { id, coordinatorId } = task;
  const event: TaskEvent = {
    taskId: id,
    coordinatorId,
    version: task.version,
    attempt: task.attempt,
    kinds: [...kinds],
    ...(kinds.includes('control') ? { control: { by: task.control.holder } } : {}),
    at: task.updatedAt,
  };
  const held = heldBy(task);
  return {
    expected,
    version: task.version,
    attempt: task.attempt,
    live: isLive(task) ? 1 : 0,
    id,
    event: kinds.length === 0 ? undefined : JSON.stringify(event),
    settled: isSettled(task),
    notice: noticeOf(task),
    holdUntil: holdUntil(task) ?? undefined,
    createdAt: Date.parse(task.createdAt),
    deadline: task.deadline === null ? undefined : Date.parse(task.deadline),
    leaseMs: leaseMs(commit),
    trim: KEPT_EVENTS,
    effects: effects.map((effect) => JSON.stringify(effect)),
    promptId: prompt?.id,
    channel: KEYS.channel,
    coordinatorId,
    kind: task.agent.kind,
    lineName: lineName(coordinatorId, task.agent.kind),
    place: holdsPlace(task),
    held: held ?? undefined,
    turn: held === 'turn' ? turnOf(task) : undefined,
    waitsFor: held === null || held === 'turn' ? [] : task.dependsOn.map(({ taskId }) => taskId),
    box: boxOf(box, times),
    stir: stir === undefined ? undefined : { ...stir, delayMs: times.urgentMs },
    graph,
    admit: gate === null ? undefined : admitOf(gate, coordinatorId),
    count,
  };
}

const admitOf = ({ most, trial, afterOthers }: AdmissionGate, coordinatorId: string) => ({
  most: most ?? undefined,
  trial,
  rivals: !afterOthers ? [] : most === null ? ownLines(coordinatorId) : ['*'],
});

function boxOf(box: BoxChange | undefined, { urgentMs, againMs }: NotificationTimes) {
  switch (box?.type) {
    case undefined:
      return undefined;
    case 'enter':
      return {
        type: box.type,
        entry: JSON.stringify(box.entry),
        ...(box.told ? { againMs } : box.urgent ? { delayMs: urgentMs } : {}),
      };
    case 'told':
      return { type: box.type, againMs };
    case 'leave':
      return { type: box.type };
  }
}

const keysOf = ({ id, coordinatorId, agent, hosts }: TaskRecord): string[] => [
  KEYS.task(id),
  KEYS.prompts(id),
  KEYS.events(coordinatorId),
  KEYS.unsettled(coordinatorId),
  KEYS.notices(coordinatorId),
  KEYS.coordinatorTasks(coordinatorId),
  KEYS.allTasks,
  KEYS.leases,
  KEYS.outbox,
  KEYS.deadlines,
  KEYS.coordinators,
  KEYS.placesOf(coordinatorId),
  KEYS.places,
  KEYS.live(coordinatorId),
  KEYS.usage(coordinatorId),
  KEYS.line(coordinatorId, agent.kind),
  KEYS.lines,
  KEYS.edges,
  KEYS.breakers,
  KEYS.box(coordinatorId),
  KEYS.pendingNotifications(coordinatorId),
  KEYS.dueNotifications,
  KEYS.box(hosts ?? coordinatorId),
  KEYS.pendingNotifications(hosts ?? coordinatorId),
  KEYS.holds,
];

export async function createRedisTaskStore(
  redis: Redis,
  notifications: NotificationTimes = NOTIFICATION_TIMES,
): Promise<TaskStore> {
  const commitScript = await loadScript('commit');
  const renewScript = await loadScript('renew');
  const nextNoticeScript = await loadScript('next-notice');
  const pageScript = await loadScript('page-of-tasks');
  const expiredScript = await loadScript('expired');
  const cache = new RecordCache();
  const recordOf = (id: string, data: string | null): TaskRecord | null =>
    data === null ? null : cache.read(id, data);

  const run = async (
    commit: Commit,
    { gate, count }: { readonly gate: AdmissionGate | null; readonly count: boolean },
  ): Promise<{ readonly result: AdmitResult; readonly remaining: number }> => {
    const change = changeOf(commit, gate, count, notifications);
    const data = JSON.stringify(commit.task);
    const given = [JSON.stringify(change), data, commit.prompt?.text ?? ''];
    const answer = (await commitScript.run(redis, keysOf(commit.task), given)) as
      number | [code: number, count: number];
    const [code, remaining] = typeof answer === 'number' ? [answer, 0] : answer;
    if (code === TASK_BUDGET_SPENT)
      throw new RoundhouseError('budget_exhausted', 'as many tasks were created as the coordinator’s budget has');
    const result = ANSWERS[code] ?? 'stale';
    if (result === 'committed') cache.wrote(change.id, data);
    return { result, remaining };
  };

  return {
    read: async (taskId) => recordOf(taskId, await redis.hget(KEYS.task(taskId), 'data')),

    lastSeen: (taskId) => cache.last(taskId),

    commit: async (commit) => (await run(commit, { gate: null, count: false })).result === 'committed',
    async commitAndCount(commit) {
      const { result, remaining } = await run(commit, { gate: null, count: true });
      return result === 'committed' ? remaining : null;
    },
    admit: async (commit, gate) => (await run(commit, { gate, count: false })).result,

    async promptTexts(taskId, promptIds) {
      if (promptIds.length === 0) return [];
      const texts = await redis.hmget(KEYS.prompts(taskId), ...promptIds);
      return texts.map((text, index) => {
        if (text === null) throw new Error(`prompt ${promptIds[index]} of task ${taskId} has no text`);
        return text;
      });
    },

    async list(coordinatorId, before, limit) {
      const index = coordinatorId === null ? KEYS.allTasks : KEYS.coordinatorTasks(coordinatorId);
      // By rank from an anchor: tasks of the same millisecond are neither skipped nor repeated.
      const ids = (await pageScript.run(redis, [index], [before ?? '', limit + 1])) as string[] | null;
      if (ids === null) return null;
      const page = ids.slice(0, limit);
      // Sent as one: fifty commands on their own are fifty writes to a socket.
      const reading = redis.pipeline();
      for (const id of page) reading.hget(KEYS.task(id), 'data');
      const rows = page.length === 0 ? [] : await answersOf(reading);
      const tasks = rows.map((data, index) => recordOf(page[index] ?? '', data as string | null));
      return { tasks: tasks.filter((task) => task !== null), next: ids.length > limit ? (page.at(-1) ?? null) : null };
    },

    remaining: (coordinatorId) => redis.scard(KEYS.unsettled(coordinatorId)),

    async nextNotice(coordinatorId) {
      const keys = [KEYS.notices(coordinatorId), KEYS.unsettled(coordinatorId)];
      const answer = await nextNoticeScript.run(redis, keys, [KEYS.task('')]);
      const [id, data, remaining] = answer as [string | null, string | null, number];
      return { task: id === null ? null : recordOf(id, data), remaining };
    },

    renewLease: async (taskId, attempt, ttlMs) =>
      (await renewScript.run(redis, [KEYS.task(taskId), KEYS.leases], [taskId, attempt, ttlMs])) === 1,

    expiredLeases: async (limit) => (await expiredScript.run(redis, [KEYS.leases], [limit])) as string[],

    expiredHolds: (nowMs, limit) => redis.zrangebyscore(KEYS.holds, '-inf', nowMs, 'LIMIT', 0, limit),

    overdue: (nowMs, limit) => redis.zrangebyscore(KEYS.deadlines, '-inf', nowMs, 'LIMIT', 0, limit),
  };
}
