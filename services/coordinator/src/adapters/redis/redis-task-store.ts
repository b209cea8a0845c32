import { LEASE, RoundhouseError, type TaskEvent, TaskRecord } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import { isLive, isSettled } from '../../domain/derived.ts';
import type { AdmissionGate, AdmitResult, Commit, TaskStore } from '../../ports.ts';
import { NOTIFICATION_TIMES, type NotificationTimes } from '../../domain/notification-times.ts';
import type { BoxChange } from '../../domain/notifications.ts';
import { heldBy, holdsPlace, turnOf } from '../../domain/admission/place.ts';
import { KEYS, lineName } from './keys.ts';
import { ownLines } from './redis-admission-index.ts';
import { KEPT_EVENTS } from './redis-event-log.ts';
import { loadScript } from './script.ts';

/** How long a notice that was handed out stays unseen by other waits before it is handed out again, ms. */
export const REDELIVER_AFTER_MS = 120_000;

/** From when on the task's notice may be handed out, ms; null where there is none to hand out. */
function noticeAt({ delivery }: TaskRecord): number | null {
  switch (delivery.state) {
    case 'pending':
      return Date.parse(delivery.notice.at);
    case 'delivered':
      return Date.parse(delivery.at) + REDELIVER_AFTER_MS;
    case 'none':
    case 'acknowledged':
      return null;
  }
}

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
function changeOf(commit: Commit, gate: AdmissionGate | null, times: NotificationTimes) {
  const { expected, task, kinds, effects, prompt, graph, box, stir } = commit;
  const { id, coordinatorId } = task;
  const event: TaskEvent = {
    taskId: id,
    coordinatorId,
    version: task.version,
    attempt: task.attempt,
    kinds: [...kinds],
    at: task.updatedAt,
  };
  const held = heldBy(task);
  return {
    expected,
    version: task.version,
    attempt: task.attempt,
    live: isLive(task) ? 1 : 0,
    data: JSON.stringify(task),
    id,
    event: kinds.length === 0 ? undefined : JSON.stringify(event),
    settled: isSettled(task),
    noticeAt: noticeAt(task) ?? undefined,
    createdAt: Date.parse(task.createdAt),
    deadline: task.deadline === null ? undefined : Date.parse(task.deadline),
    leaseMs: leaseMs(commit),
    trim: KEPT_EVENTS,
    effects: effects.map((effect) => JSON.stringify(effect)),
    prompt,
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
      return { type: box.type, entry: JSON.stringify(box.entry), ...(box.urgent ? { delayMs: urgentMs } : {}) };
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
];

export async function createRedisTaskStore(
  redis: Redis,
  notifications: NotificationTimes = NOTIFICATION_TIMES,
): Promise<TaskStore> {
  const commitScript = await loadScript('commit');
  const renewScript = await loadScript('renew');
  const pageScript = await loadScript('page-of-tasks');
  const expiredScript = await loadScript('expired');
  const parse = (data: string | null): TaskRecord | null => (data === null ? null : TaskRecord.parse(JSON.parse(data)));

  const run = async (commit: Commit, gate: AdmissionGate | null): Promise<AdmitResult> => {
    const change = changeOf(commit, gate, notifications);
    const code = (await commitScript.run(redis, keysOf(commit.task), [JSON.stringify(change)])) as number;
    if (code === TASK_BUDGET_SPENT)
      throw new RoundhouseError('budget_exhausted', 'as many tasks were created as the coordinator’s budget has');
    return ANSWERS[code] ?? 'stale';
  };

  return {
    read: async (taskId) => parse(await redis.hget(KEYS.task(taskId), 'data')),

    commit: async (commit) => (await run(commit, null)) === 'committed',
    admit: run,

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
      const rows = await Promise.all(page.map((id) => redis.hget(KEYS.task(id), 'data')));
      const tasks = rows.map(parse).filter((task) => task !== null);
      return { tasks, next: ids.length > limit ? (page.at(-1) ?? null) : null };
    },

    remaining: (coordinatorId) => redis.scard(KEYS.unsettled(coordinatorId)),

    async nextNotice(coordinatorId, nowMs) {
      const results = await redis
        .multi()
        .zrangebyscore(KEYS.notices(coordinatorId), '-inf', nowMs, 'LIMIT', 0, 1)
        .scard(KEYS.unsettled(coordinatorId))
        .exec();
      if (results === null) throw new Error('redis gave up a transaction');
      const [[noticeError, ids], [countError, remaining]] = results as [
        [Error | null, string[]],
        [Error | null, number],
      ];
      if (noticeError ?? countError) throw (noticeError ?? countError) as Error;
      return { taskId: ids[0] ?? null, remaining };
    },

    async noticeDue(coordinatorId, taskId, nowMs) {
      const from = await redis.zscore(KEYS.notices(coordinatorId), taskId);
      return from !== null && Number(from) <= nowMs;
    },

    renewLease: async (taskId, attempt, ttlMs) =>
      (await renewScript.run(redis, [KEYS.task(taskId), KEYS.leases], [taskId, attempt, ttlMs])) === 1,

    expiredLeases: async (limit) => (await expiredScript.run(redis, [KEYS.leases], [limit])) as string[],

    overdue: (nowMs, limit) => redis.zrangebyscore(KEYS.deadlines, '-inf', nowMs, 'LIMIT', 0, limit),
  };
}
