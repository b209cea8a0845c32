import { z } from 'zod';
import { AgentSpec } from './agent.ts';
import { AttemptNumber, Instant, ObjectId, Uuid } from './ids.ts';
import { QuotaReason } from './breaker.ts';
import { LimitKind } from './limits.ts';
import { Author } from './project.ts';
import { Activity, DialogText } from './task.ts';

/**
 * The link: one WebSocket (RFC 6455) from a runner to `GET /link` of the coordinator, JSON in text frames, the
 * attempt's runner token in the Authorization header and the protocol's version as its subprotocol (RFC 6455 §1.9): what
 * the runner has to say first stands in its request, so that the coordinator's `welcome` comes with the open connection. The
 * coordinator states what it wants (with the welcome, and in `desired` whenever it is something else: level, not edge); the runner states what happened (`event`, numbered from 1) and what the terminal printed (`output`, by byte
 * offset). Both are sent again until acknowledged, so a restart of either side loses and repeats nothing.
 */
export const LINK_PROTOCOL = 'roundhouse-link-5';
export const LINK_PATH = '/link';
/** Close code: a newer attempt owns the task, or this one is over. The runner ends its agent at once. */
export const LINK_FENCED = 4001;
/** Close code: a message that the protocol does not know. */
export const LINK_PROTOCOL_ERROR = 4002;

/** Lease times, milliseconds: how long an attempt lives unrenewed, how often it is renewed, when a runner gives up. */
export const LEASE = { ttlMs: 15_000, renewMs: 5_000, selfFenceMs: 13_000, startTtlMs: 90_000 } as const;

/** The size of an agent's terminal, characters. */
export const AGENT_TERMINAL = { cols: 120, rows: 40 } as const;

/** The most bytes of terminal output in one message, before base64. */
export const MAX_OUTPUT_CHUNK = 65_536;

/** What a runner needs to begin. It comes with the claim, so that a runner begins while its link is still being dialled. */
export const Assignment = z.object({
  taskId: Uuid,
  attempt: AttemptNumber,
  projectId: Uuid,
  baseBranch: z.string(),
  baseCommit: ObjectId,
  branch: z.string(),
  agent: AgentSpec,
  author: Author,
  subtaskToken: z.string(),
  doneToken: z.string(),
  /** Of a hosted coordinator: the token that its agent coordinates with, and for whom. */
  coordinator: z.object({ id: Uuid, token: z.string() }).optional(),
  cols: z.int().min(20).max(500),
  rows: z.int().min(5).max(200),
});
export type Assignment = z.infer<typeof Assignment>;

export const DesiredAnswer = z.object({
  id: Uuid,
  dialogId: z.string().max(64),
  option: z.int().min(0).max(31),
  text: DialogText.optional(),
});
export type DesiredAnswer = z.infer<typeof DesiredAnswer>;

export const DesiredPrompt = z.object({
  id: Uuid,
  ordinal: z.int().min(1),
  revision: z.int().min(1),
  text: z.string(),
});
export type DesiredPrompt = z.infer<typeof DesiredPrompt>;

/** A prompt that is to be taken back, unless it is being typed already. Each is answered once, by its id. */
export const DesiredRecall = z.object({ id: Uuid, promptId: Uuid, revision: z.int().min(1) });
export type DesiredRecall = z.infer<typeof DesiredRecall>;

/** What a person types: into the terminal as it is, in order, each once. */
export const DesiredInput = z.object({ id: Uuid, ordinal: z.int().min(1), text: z.string() });
export type DesiredInput = z.infer<typeof DesiredInput>;

/** What the coordinator wants of the runner now. `archiveToken` may write the attempt's archive ref and nothing else. */
export const Desired = z.object({
  prompts: z.array(DesiredPrompt),
  recalls: z.array(DesiredRecall),
  inputs: z.array(DesiredInput),
  held: z.boolean().describe('Whether a person holds the keyboard: no Enter is pressed a second time then.'),
  publish: z.object({ id: Uuid }).nullable(),
  answer: DesiredAnswer.optional(),
  stop: z.object({ reason: z.string(), archiveRef: z.string(), archiveToken: z.string() }).nullable(),
});
export type Desired = z.infer<typeof Desired>;

export const RunnerEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('agent_started'), pid: z.int() }),
  z.object({ type: z.literal('activity'), activity: Activity }),
  z.object({
    type: z.literal('prompt'),
    promptId: Uuid,
    state: z.enum(['written', 'accepted', 'undelivered']),
    screen: z.string().max(20_000).optional(),
  }),
  z.object({
    type: z.literal('prompt_recalled'),
    promptId: Uuid,
    recallId: Uuid,
    recalled: z.boolean().describe('False: it was being typed already, or was.'),
  }),
  z.object({
    type: z.literal('input'),
    inputId: Uuid,
    typed: z.boolean().describe('False: the terminal did not take it.'),
    shown: z.boolean().describe('Whether the terminal showed what was typed; what it did not show is kept nowhere.'),
  }),
  z.object({
    type: z.literal('published'),
    publishId: Uuid,
    commit: ObjectId,
    dirty: z.array(z.string()).max(200).describe('Tracked files with uncommitted changes: the signal is refused.'),
    untracked: z.array(z.string()).max(200),
  }),
  z.object({
    type: z.literal('dialog_answer'),
    answerId: Uuid,
    dialogId: z.string().max(64),
    option: z.int().min(0).max(31),
    label: z.string().max(200),
    by: z.enum(['coordinator', 'policy', 'timeout']),
    state: z.enum(['answered', 'stale', 'failed']),
    reason: z.string().max(500).nullable(),
  }),
  z.object({ type: z.literal('publish_failed'), publishId: Uuid, reason: z.string().max(4_000) }),
  z.object({ type: z.literal('agent_exited'), code: z.int().nullable(), signal: z.string().nullable() }),
  z.object({
    type: z.literal('agent_resumed'),
    pid: z.int(),
    code: z.int().nullable().describe('How the one before it ended.'),
    signal: z.string().nullable(),
    anew: z.boolean().describe('True: without its conversation, since no prompt was known to be in it.'),
  }),
  z.object({ type: z.literal('attempt_failed'), reason: z.string().max(4_000) }),
  z.object({
    type: z.literal('quota_hit'),
    until: Instant.nullable().describe('When the quota is back, where the agent knows.'),
    reason: QuotaReason,
  }),
  z.object({ type: z.literal('limit_hit'), limit: LimitKind, reason: z.string().max(4_000) }),
]);
export type RunnerEvent = z.infer<typeof RunnerEvent>;

export const RunnerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('heartbeat') }),
  z.object({ type: z.literal('event'), seq: z.int().min(1), event: RunnerEvent }),
  z.object({
    type: z.literal('output'),
    offset: z.int().min(0),
    data: z.base64(),
    skipped: z.int().min(0).describe('Bytes lost before this chunk because the runner’s buffer was full.'),
  }),
]);
export type RunnerMessage = z.infer<typeof RunnerMessage>;

export const CoordinatorMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    eventSeq: z.int().min(0).describe('The last event that is committed.'),
    outputOffset: z.int().min(0).describe('Where the recording goes on.'),
    desired: Desired,
  }),
  z.object({ type: z.literal('desired'), desired: Desired }),
  z.object({ type: z.literal('ack'), eventSeq: z.int().min(0) }),
  z.object({ type: z.literal('output_ack'), outputOffset: z.int().min(0) }),
  z.object({ type: z.literal('renewed') }),
]);
export type CoordinatorMessage = z.infer<typeof CoordinatorMessage>;
