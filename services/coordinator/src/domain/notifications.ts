import {
  MAX_NOTIFICATION_DETAIL,
  type Notice,
  type NotificationEntry,
  type NotificationKind,
  type SideNotice,
  type TaskEventKind,
  type TaskRecord,
} from '@roundhouse/contracts';
import { outstandingPrompts, signalIsCurrent } from './derived.ts';
import { humanHolds } from './regions/control.ts';

/** What a commit makes of the task's entry in its coordinator's notification box. */
export type BoxChange =
  /** Takes the place of the entry of before. `urgent`: it waits for others only for a moment. `told`: a wait has it already. */
  | { readonly type: 'enter'; readonly entry: NotificationEntry; readonly urgent: boolean; readonly told: boolean }
  /** A wait has handed it out: it is told again only if nobody acknowledges that. */
  | { readonly type: 'told' }
  | { readonly type: 'leave' };

/**
 * What a commit of a task that hosts a coordinator makes of that one's box. `all`: a person has typed, so everything is told
 * anew; else only what could not be told while the agent was busy.
 */
export interface HostStir {
  readonly coordinatorId: string;
  readonly all: boolean;
}

interface News {
  /** The same for as long as there is nothing new. */
  readonly key: string;
  readonly kind: NotificationKind;
  readonly detail: string | null;
  readonly commit: string | null;
}

/** Null: an event tells it, and nobody has to do anything about it. */
const OF_NOTICE: Readonly<Record<Notice['kind'], NotificationKind | null>> = {
  signal: 'finished',
  landed: 'landed',
  ended: 'failed',
  question: 'waiting',
  report: 'waiting',
  control: null,
};
const URGENT: readonly NotificationKind[] = ['finished', 'failed'];

/** What its coordinator should know of a task as it is now: a notice that nobody acknowledged, or an agent that needs something. */
function newsOf(task: TaskRecord): News | null {
  const { lifecycle, activity } = task;
  if (task.closing !== null || lifecycle.state === 'closed') return null;
  const told = noticeOf(task);
  if (told !== null) return newsOfNotice(told.kind, told.entry.notice);
  if (lifecycle.state !== 'running' || signalIsCurrent(task)) return null;
  if (activity.state === 'waiting_input') {
    const text = activity.question?.text ?? null;
    return { key: `waiting ${text ?? ''}`, kind: 'waiting', detail: text, commit: null };
  }
  const last = task.prompts.at(-1);
  if (last?.state === 'undelivered')
    return { key: `undelivered ${last.id}`, kind: 'waiting', detail: 'a prompt could not be delivered', commit: null };
  // An idle report is from before a prompt that is still on its way.
  if (activity.state === 'idle' && outstandingPrompts(task).length === 0)
    return { key: 'idle', kind: 'idle', detail: null, commit: null };
  return null;
}

/** The notice that a coordinator is told of: its task's last word, else the oldest question or report that nobody acknowledged. */
function noticeOf(task: TaskRecord): { readonly kind: NotificationKind; readonly entry: SideNotice } | null {
  const { delivery, sideNotices } = task;
  const last = delivery.state === 'pending' || delivery.state === 'delivered' ? [delivery] : [];
  for (const entry of [...last, ...sideNotices]) {
    const kind = OF_NOTICE[entry.notice.kind];
    if (kind !== null) return { kind, entry };
  }
  return null;
}

function newsOfNotice(kind: NotificationKind, { id, summary, end, commit, question, report }: Notice): News {
  const said = question?.text ?? report?.text ?? summary;
  const detail = end === null ? said : end.kind === 'exited' ? exitWords(end) : end.reason;
  return { key: id, kind, detail, commit };
}

const exitWords = ({ code, signal }: { code: number | null; signal: string | null }): string =>
  `the agent exited with ${code ?? signal ?? 'an unknown code'} and has not signalled`;

/**
 * What becomes of a task's entry with a commit; null: nothing. A level, not an edge: an entry is what the record says that is
 * news, so that it goes by itself when that is over or acknowledged.
 */
export function boxChange(before: TaskRecord, after: TaskRecord): BoxChange | null {
  const [old, news] = [newsOf(before), newsOf(after)];
  if (news === null) return old === null ? null : { type: 'leave' };
  const [was, is] = [noticeOf(before)?.entry, noticeOf(after)?.entry];
  if (old?.key !== news.key) return enter(after, news, is?.state === 'delivered');
  // The answer of the wait did not reach its client.
  if (was?.state === 'delivered' && is?.state === 'pending') return enter(after, news, false);
  const isSame = was?.state === 'delivered' && is?.state === 'delivered' && was.at === is.at;
  return is?.state === 'delivered' && !isSame ? { type: 'told' } : null;
}

function enter(task: TaskRecord, { kind, detail, commit }: News, told: boolean): BoxChange {
  const entry: NotificationEntry = {
    id: `${task.id}.${task.version}`,
    taskId: task.id,
    taskName: task.name,
    kind,
    detail: detail === null ? null : cutShort(detail),
    commit,
    version: task.version,
    attempt: task.attempt,
    at: task.updatedAt,
    told: told ? 1 : 0,
  };
  return { type: 'enter', entry, urgent: URGENT.includes(kind), told };
}

/** Not within a surrogate pair, since that is no text. */
function cutShort(text: string): string {
  if (text.length <= MAX_NOTIFICATION_DETAIL) return text;
  return `${text.slice(0, MAX_NOTIFICATION_DETAIL - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * Whether a notification may be typed to the agent that a task hosts: it is there, has nothing else to do, shows no question
 * that the text would answer, nobody else types, and it has not said that it is done.
 */
export function canBeToldByTyping(task: TaskRecord, now: string): boolean {
  if (task.hosts === null || !mayBePrompted(task, now) || outstandingPrompts(task).length > 0) return false;
  return task.activity.state === 'idle' || task.activity.state === 'unknown';
}

/** Whether a notification may be put in line for a host: the runner types it when the agent is ready. */
export const mayBePrompted = (task: TaskRecord, now: string): boolean =>
  task.lifecycle.state === 'running' &&
  task.closing === null &&
  !humanHolds(task.control, now) &&
  !signalIsCurrent(task);

export function hostStir(
  before: TaskRecord,
  after: TaskRecord,
  kinds: readonly TaskEventKind[],
  now: string,
): HostStir | null {
  if (after.hosts === null) return null;
  if (kinds.includes('control')) return { coordinatorId: after.hosts, all: true };
  const stirs = !canBeToldByTyping(before, now) && canBeToldByTyping(after, now);
  return stirs ? { coordinatorId: after.hosts, all: false } : null;
}
