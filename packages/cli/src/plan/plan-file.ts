import { AgentSpec, BranchName, ImageName, Label, PromptText, SomeLimits, TaskName } from '@roundhouse/contracts';
import { z } from 'zod';

/** `agent: scripted` is short for `agent: { kind: scripted }`. */
const Agent = z.preprocess((given) => (typeof given === 'string' ? { kind: given } : given), AgentSpec);
/** Misspelt limits must not be limits that do not hold. */
const PlanLimits = z.strictObject(SomeLimits.shape);
const Seconds = z.int().min(1).max(2_592_000);
const Argument = z.string().max(32_768);

export const PlanTask = z
  .strictObject({
    name: TaskName,
    prompt: PromptText.optional(),
    promptFile: z.string().min(1).max(4_096).optional().describe('Relative to the plan.'),
    agent: Agent.optional(),
    image: ImageName.optional(),
    limits: PlanLimits.optional(),
    needs: z
      .array(TaskName)
      .max(100)
      .default([])
      .describe('Starts when these have landed; is skipped where one has not.'),
    land: z
      .boolean()
      .default(true)
      .describe('False: the work is not put on the branch; a signal or exit code 0 is enough.'),
    timeoutSeconds: Seconds.min(5).optional().describe('How long one attempt may run.'),
    conflictPrompt: PromptText.optional().describe('Sent once where the work conflicts; without it that is a failure.'),
  })
  .refine((task) => (task.prompt === undefined) !== (task.promptFile === undefined), {
    message: 'give it either prompt or promptFile',
  });

export const PlanCheck = z.strictObject({
  name: Label,
  command: z.array(Argument).min(1).max(256).describe('Program and arguments; no shell is involved.'),
  timeoutSeconds: Seconds.default(600),
});
export type PlanCheck = z.infer<typeof PlanCheck>;

/** A plan as it stands in its file, version 1. Keys that it does not know are refused, not ignored. */
export const PlanFile = z.strictObject({
  version: z.literal(1),
  name: Label.optional(),
  repository: z
    .string()
    .min(1)
    .max(4_096)
    .optional()
    .describe('Relative to the plan; the one around the plan by default.'),
  base: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Branch or commit to start from; what is checked out by default.'),
  target: BranchName.optional().describe('The branch of the hub that results land on.'),
  sandbox: z.enum(['process', 'docker']).optional(),
  agent: Agent.default({ kind: 'scripted' }),
  image: ImageName.optional(),
  limits: PlanLimits.default({}),
  concurrency: z.int().min(1).max(256).default(4),
  timeoutSeconds: Seconds.default(7_200).describe('How long the whole run may take.'),
  taskTimeoutSeconds: Seconds.min(5).default(1_800).describe('How long an attempt of a task may run.'),
  idleSeconds: Seconds.default(300).describe('How long an agent may be idle, or wait for an answer, without a signal.'),
  tasks: z.array(PlanTask).min(1).max(1_000),
  checks: z.array(PlanCheck).max(100).default([]).describe('Run in order in a fresh clone of the result.'),
});
export type PlanFile = z.infer<typeof PlanFile>;
