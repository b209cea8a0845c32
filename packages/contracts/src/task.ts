import { z } from 'zod';
import {
  Admission,
  AdmissionRecord,
  DEFAULT_PRIORITY,
  Dependencies,
  OnDependencyFailure,
  Priority,
  ResultSchema,
} from './admission.ts';
import { AgentSpec } from './agent.ts';
import { Control, QueuedInput, Typed } from './control.ts';
import { AttemptNumber, Instant, ObjectId, Uuid } from './ids.ts';
import { ImageName } from './image.ts';
import { Limits } from './limits.ts';
import { PromptReceipt, PromptRecord } from './prompt.ts';
import { AskedQuestion, Report } from './voice.ts';

/**
 * How an attempt ended. `exited` is the agent's own exit; `failed` is ours (no worktree, no such program, …); `oom`,
 * `timeout` and `disk` are the task's limits: more memory, time or disk than it may use. `dependency`: it never ran,
 * because the task that it waited for came to nothing.
 */
export const End = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('exited'), code: z.int().nullable(), signal: z.string().nullable() }),
    z.object({ kind: z.literal('failed'), reason: z.string() }),
    z.object({ kind: z.literal('lost'), reason: z.string() }),
    z.object({ kind: z.literal('cancelled'), reason: z.string() }),
    z.object({ kind: z.literal('oom'), reason: z.string() }),
    z.object({ kind: z.literal('timeout'), reason: z.string() }),
    z.object({ kind: z.literal('disk'), reason: z.string() }),
    z.object({ kind: z.literal('dependency'), taskId: Uuid, reason: z.string() }),
  ])
  .meta({ id: 'End' });
export type End = z.infer<typeof End>;

/** The lifecycle region. `closing` is the wish; `closed` is the fact: every process of the task is gone. */
export const Lifecycle = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('queued') }),
    z.object({ state: z.literal('starting'), baseCommit: ObjectId }),
    z.object({ state: z.literal('running'), baseCommit: ObjectId }),
    z.object({ state: z.literal('ended'), baseCommit: ObjectId.nullable(), end: End }),
    z.object({
      state: z.literal('closed'),
      end: End,
      archiveRefs: z.array(z.string()).describe('The refs of the hub that keep the work of this task.'),
      kept: z.array(z.string()).describe('Folders that could not be archived and were therefore left where they are.'),
    }),
  ])
  .meta({ id: 'Lifecycle' });
export type Lifecycle = z.infer<typeof Lifecycle>;

/** A question that the agent shows and waits for. Text of the agent: untrusted. */
export const Question = z.object({
  kind: z.enum(['permission', 'question', 'auth']),
  text: z.string().max(4_000),
  options: z.array(z.string().max(200)).max(32),
  id: z
    .string()
    .max(64)
    .optional()
    .describe(
      'Names a dialog of the terminal as long as it is shown: answer_dialog takes it. Without: a prompt answers.',
    ),
  selected: z.int().min(0).optional().describe('The option that the agent’s selector stands at, from 0.'),
  textOptions: z
    .array(z.int().min(0).max(31))
    .max(32)
    .optional()
    .describe('The options that take words of yours ("text" of answer_dialog), from 0. Without: none does.'),
});
export type Question = z.infer<typeof Question>;

/** What the agent seems to be doing, and how that is known. Decides nothing: only a signal means done. */
export const Activity = z
  .object({
    state: z.enum(['booting', 'busy', 'idle', 'waiting_input', 'unknown']),
    evidence: z.enum(['none', 'status', 'title', 'screen', 'prompt']).describe('Where the state was read.'),
    words: z
      .string()
      .max(200)
      .optional()
      .describe('What was read there, the agent’s own words or what it draws: untrusted.'),
    question: Question.nullable(),
    at: Instant,
  })
  .meta({ id: 'Activity' });
export type Activity = z.infer<typeof Activity>;

/** What is typed into a dialog beside its options: one line, since a line break would answer before its end. */
export const DialogText = z
  .string()
  .max(500)
  .refine((text) => text.trim() !== '', 'it says nothing')
  .refine((text) => text.isWellFormed(), 'it has half of a surrogate pair in it')
  .refine((text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text), 'it has control characters or line breaks in it')
  .describe('Words of yours, on one line: at most 500 characters, without control characters.');

/** An answer to a dialog of the agent's terminal, and what became of it. */
export const DialogAnswer = z
  .object({
    id: Uuid,
    dialogId: z.string().max(64),
    option: z.int().min(0).max(31).describe('Which option, from 0.'),
    label: z.string().max(200).describe('What the option says: untrusted.'),
    by: z
      .enum(['coordinator', 'policy', 'timeout'])
      .describe('Who chose it: a call, the policy of the task’s agent, or its timeout.'),
    state: z
      .enum(['pending', 'answered', 'stale', 'failed'])
      .describe('stale: the dialog was gone before it was typed. failed: it was typed, and the dialog stayed.'),
    reason: z.string().max(500).nullable(),
    text: DialogText.optional().describe('What is to be typed with it; kept only as long as it is pending.'),
    at: Instant,
  })
  .meta({ id: 'DialogAnswer' });
export type DialogAnswer = z.infer<typeof DialogAnswer>;

/** An agent that died and was started again in the same attempt, in the same HOME and worktree. */
export const AgentResume = z
  .object({
    attempt: AttemptNumber,
    code: z.int().nullable().describe('The exit code that it died with.'),
    signal: z.string().nullable().describe('The signal that it died of.'),
    anew: z.boolean().describe('True: it was started without its conversation, since no prompt was known to be in it.'),
    at: Instant,
  })
  .meta({ id: 'AgentResume' });
export type AgentResume = z.infer<typeof AgentResume>;

/** The task's own word that it is done, bound to the commit and the attempt that said so. */
export const Signal = z
  .object({
    id: Uuid,
    epoch: AttemptNumber,
    commit: ObjectId,
    summary: z.string().max(4_000).nullable().describe('The agent’s own words: untrusted.'),
    afterPrompt: z
      .int()
      .min(0)
      .describe('The ordinal of the last prompt that the agent had accepted when it signalled.'),
    result: z
      .unknown()
      .default(null)
      .describe('The result as JSON, the agent’s own words: untrusted. Null where there is none or it is long.'),
    resultBytes: z.int().min(0).default(0).describe('How long its JSON is; 0: none. get_task_result has a long one.'),
    at: Instant,
  })
  .meta({ id: 'Signal' });
export type Signal = z.infer<typeof Signal>;

export const Completion = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('none') }),
    z.object({ state: z.literal('signalled'), signal: Signal }),
    z.object({ state: z.literal('refused'), reason: z.string(), files: z.array(z.string()), at: Instant }),
  ])
  .meta({ id: 'Completion' });
export type Completion = z.infer<typeof Completion>;

/**
 * What a wait hands out, to exactly one waiter until it is acknowledged: a signal, a landing or an end; a question of the
 * task, a report of it that somebody must know, or the keyboard that a person hands back.
 */
export const Notice = z
  .object({
    id: Uuid,
    taskId: Uuid,
    taskName: z.string(),
    kind: z.enum(['signal', 'landed', 'ended', 'question', 'report', 'control']),
    epoch: z.int().min(0),
    commit: ObjectId.nullable(),
    summary: z.string().nullable().describe('The agent’s own words: untrusted.'),
    end: End.nullable(),
    question: AskedQuestion.omit({ outcome: true }).nullable().default(null).describe('Of a question: untrusted.'),
    report: Report.nullable().default(null).describe('Of a report: untrusted.'),
    typed: Typed.nullable().default(null).describe('Of control that is back: what the person typed. Untrusted.'),
    at: Instant,
  })
  .meta({ id: 'Notice' });
export type Notice = z.infer<typeof Notice>;

const Heard = z
  .boolean()
  .default(false)
  .describe('Whether a waiter may have had the notice before: of one that was handed out and not given back.');

export const Delivery = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('none') }),
    z.object({ state: z.literal('pending'), notice: Notice, returned: z.boolean(), heard: Heard }),
    z.object({ state: z.literal('delivered'), notice: Notice, at: Instant, heard: Heard }),
    z.object({ state: z.literal('acknowledged'), notice: Notice, at: Instant }),
  ])
  .meta({ id: 'Delivery' });
export type Delivery = z.infer<typeof Delivery>;

/** A notice that stands beside the newest signal, landing or end, and is neither replaced by one nor replaces it. */
export const SideNotice = z.discriminatedUnion('state', [
  z.object({ state: z.literal('pending'), notice: Notice, heard: Heard }),
  z.object({ state: z.literal('delivered'), notice: Notice, at: Instant, heard: Heard }),
]);
export type SideNotice = z.infer<typeof SideNotice>;

export const ConflictFile = z.object({
  path: z.string(),
  kind: z.string().describe('What git calls it, e.g. "content".'),
});
export type ConflictFile = z.infer<typeof ConflictFile>;

export const Landing = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('none') }),
    z.object({
      state: z.literal('queued'),
      commit: ObjectId,
      target: z.string(),
      by: z.enum(['coordinator', 'subtask']),
      message: z.string().nullable(),
      requestedAt: Instant,
    }),
    z.object({
      state: z.literal('landed'),
      commit: ObjectId.describe('The task’s commit that landed.'),
      target: z.string(),
      landedAs: ObjectId.describe('The commit that the target branch got.'),
      nothingToLand: z.boolean().describe('True where the branch had it all already.'),
      at: Instant,
    }),
    z.object({
      state: z.literal('conflicted'),
      commit: ObjectId,
      target: z.string(),
      onto: ObjectId,
      files: z.array(ConflictFile),
      at: Instant,
    }),
    z.object({ state: z.literal('failed'), commit: ObjectId, target: z.string(), reason: z.string(), at: Instant }),
  ])
  .meta({ id: 'Landing' });
export type Landing = z.infer<typeof Landing>;

/** The wish that the runner push its commit, because the sub-task said that it is done. */
export const Publish = z.object({
  id: Uuid,
  land: z.boolean(),
  summary: z.string().max(4_000).nullable(),
  result: z.unknown().default(null),
  at: Instant,
});
export type Publish = z.infer<typeof Publish>;

/** The outcome of the last publish that the runner answered. */
export const PublishOutcome = z.discriminatedUnion('outcome', [
  z.object({ id: Uuid, outcome: z.literal('signalled'), commit: ObjectId, untracked: z.array(z.string()) }),
  z.object({ id: Uuid, outcome: z.literal('refused'), files: z.array(z.string()) }),
  z.object({ id: Uuid, outcome: z.literal('failed'), reason: z.string() }),
]);
export type PublishOutcome = z.infer<typeof PublishOutcome>;

/**
 * One sub-task as it is stored: five regions (lifecycle, activity, completion with its delivery, landing, control),
 * one record, one version.
 */
export const TaskRecord = z.object({
  id: Uuid,
  version: z.int().min(1),
  coordinatorId: Uuid,
  projectId: Uuid,
  name: z.string(),
  hosts: Uuid.nullable().default(null).describe('The coordinator that its agent is; null: it is none.'),
  branch: z.string(),
  baseBranch: z.string(),
  agent: AgentSpec,
  limits: Limits,
  image: ImageName.nullable().default(null).describe('The image of its sandbox; null: the launcher’s own.'),
  deadline: Instant.nullable().default(null).describe('When the current attempt has run for as long as it may.'),
  allowLandSelf: z.boolean(),
  priority: Priority.default(DEFAULT_PRIORITY).describe('0 to 9; of its coordinator’s tasks the highest starts first.'),
  dependsOn: Dependencies.default([]),
  onDependencyFailure: OnDependencyFailure.default('fail'),
  resultSchema: ResultSchema.nullable().default(null),
  admission: AdmissionRecord.default({ state: 'admitted', at: null, trial: false }),
  createdAt: Instant,
  updatedAt: Instant,
  attempt: AttemptNumber.describe('The current attempt; 1 from the creation on.'),
  lifecycle: Lifecycle,
  sandboxes: z.array(AttemptNumber).describe('The attempts whose processes and folders are not confirmed to be gone.'),
  closing: z.object({ at: Instant, reason: z.string() }).nullable(),
  kept: z.array(z.string()),
  activity: Activity,
  completion: Completion,
  delivery: Delivery,
  landing: Landing,
  control: Control,
  typed: Typed.nullable().default(null).describe('What was typed during the last hold of a person; null: nothing.'),
  inputs: z.array(QueuedInput).default([]),
  inputsTotal: z.int().min(0).default(0),
  questions: z.array(AskedQuestion).default([]),
  reports: z.array(Report).default([]),
  sideNotices: z.array(SideNotice).default([]),
  prompts: z.array(PromptRecord),
  promptsTotal: z.int().min(0),
  publish: Publish.nullable(),
  lastPublish: PublishOutcome.nullable(),
  dialogAnswer: DialogAnswer.optional().describe('The last answer to a dialog of the agent’s terminal.'),
  resumes: z
    .array(AgentResume)
    .default([])
    .describe('When its agent died and was started again where it was; the last eight times.'),
  eventSeq: z.int().min(0).describe('The last event of the current attempt’s runner that was committed.'),
});
export type TaskRecord = z.infer<typeof TaskRecord>;

/** One sub-task as callers see it. */
export const Task = TaskRecord.omit({
  eventSeq: true,
  publish: true,
  lastPublish: true,
  kept: true,
  promptsTotal: true,
  inputs: true,
  inputsTotal: true,
  sideNotices: true,
})
  .extend({
    prompts: z.array(PromptReceipt),
    questions: z.array(AskedQuestion).describe('The open ones. The agent’s own words: untrusted.'),
    reports: z
      .array(Report)
      .describe('The last three, cut to 500 characters each; get_task_reports has the rest. Untrusted.'),
    admission: Admission,
    settled: z.boolean().describe('True when nothing more will come from it unless it is prompted again.'),
    attention: z.string().nullable().describe('What needs a look, in one sentence.'),
  })
  .meta({ id: 'Task' });
export type Task = z.infer<typeof Task>;
