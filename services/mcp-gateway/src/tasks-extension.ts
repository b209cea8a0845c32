import { type ServerContext, CLIENT_CAPABILITIES_META_KEY } from '@modelcontextprotocol/server';
import { type CallName, KEPT_WAITS, type KeptWait } from '@roundhouse/contracts';
import { z } from 'zod';

/** The extension by which a long call is answered with a handle to ask by (MCP 2026-07-28, SEP-2663). */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
/** How long a client is to pause between two questions, ms: in that time alone an answer is late. */
const POLL_INTERVAL_MS = 500;
/** The same while the coordinator cannot be reached. */
const AWAY_INTERVAL_MS = 5_000;

const Declared = z.object({
  [CLIENT_CAPABILITIES_META_KEY]: z.object({ extensions: z.object({ [TASKS_EXTENSION]: z.object({}) }) }),
});

/** Whether this very request says that its client knows what a task is; what an earlier one said counts for nothing. */
export const declaresTasks = ({ mcpReq }: ServerContext): boolean => Declared.safeParse(mcpReq.envelope).success;

export type KeptName = (typeof KEPT_WAITS)[number];
export const isKept = (name: CallName): name is KeptName => (KEPT_WAITS as readonly string[]).includes(name);

/**
 * An MCP task is a wait that the coordinator keeps. Its id has the times as well: with them it can be told as working while
 * nobody can be asked. They are told back to whoever named them, and decide nothing.
 */
export interface TaskName {
  readonly id: string;
  readonly createdMs: number;
  readonly ttlMs: number;
}

const NAME = /^([0-9a-f-]{36})\.([0-9a-z]{8})\.([0-9a-z]{1,7})$/;

export function parseTaskId(text: string): TaskName | null {
  const [, id, created, ttl] = NAME.exec(text) ?? [];
  if (id === undefined || created === undefined || ttl === undefined) return null;
  return { id, createdMs: Number.parseInt(created, 36), ttlMs: Number.parseInt(ttl, 36) };
}

const textOf = ({ id, createdMs, ttlMs }: TaskName): string =>
  `${id}.${createdMs.toString(36).padStart(8, '0')}.${ttlMs.toString(36)}`;

const STATUS = { waiting: 'working', answered: 'completed', cancelled: 'cancelled' } as const;

/** A kept wait as a task of the protocol, without its result. */
export function taskOf(kept: KeptWait) {
  const createdMs = Date.parse(kept.createdAt);
  const ttlMs = Date.parse(kept.forgottenAt) - createdMs;
  return {
    taskId: textOf({ id: kept.id, createdMs, ttlMs }),
    status: STATUS[kept.state],
    createdAt: kept.createdAt,
    lastUpdatedAt: kept.updatedAt,
    ttlMs,
    pollIntervalMs: POLL_INTERVAL_MS,
  };
}

/** The task while the coordinator is away; null where its time is over. */
export function awayTask(name: TaskName, nowMs: number) {
  if (nowMs >= name.createdMs + name.ttlMs) return null;
  const createdAt = new Date(name.createdMs).toISOString();
  return {
    taskId: textOf(name),
    status: 'working' as const,
    statusMessage: 'The coordinator does not answer; nothing is lost meanwhile.',
    createdAt,
    lastUpdatedAt: createdAt,
    ttlMs: name.ttlMs,
    pollIntervalMs: AWAY_INTERVAL_MS,
  };
}
