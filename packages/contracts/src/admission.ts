import { z } from 'zod';
import { Instant, Uuid } from './ids.ts';

/** The most dependencies that a task may have, and the most bytes of a result schema and of a result, as JSON. */
export const MAX_DEPENDENCIES = 32;
export const MAX_RESULT_SCHEMA_BYTES = 16_384;
export const MAX_RESULT_BYTES = 65_536;
/** A result whose JSON is no longer than this is shown with its task; a longer one is read by pages. */
export const SHOWN_RESULT_BYTES = 4_000;

/** Higher starts earlier; it orders the tasks of one coordinator only. */
export const Priority = z.int().min(0).max(9);
export const DEFAULT_PRIORITY = 5;

export const Dependency = z
  .object({
    taskId: Uuid.describe('One of your own tasks.'),
    until: z
      .enum(['landed', 'signalled'])
      .default('landed')
      .describe('What is waited for: its work is on the base branch, or it has signalled that it is done.'),
  })
  .meta({ id: 'Dependency' });
export type Dependency = z.infer<typeof Dependency>;

export const Dependencies = z
  .array(Dependency)
  .max(MAX_DEPENDENCIES)
  .refine((all) => new Set(all.map(({ taskId }) => taskId)).size === all.length, 'a task is named twice');

export const OnDependencyFailure = z.enum(['fail', 'hold']);
export type OnDependencyFailure = z.infer<typeof OnDependencyFailure>;

/** How long a JSON value is as text, bytes. */
export const jsonBytes = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;

/** A JSON Schema (draft 2020-12 or draft-07) without references to other documents. */
export const ResultSchema = z
  .record(z.string(), z.unknown())
  .refine((schema) => jsonBytes(schema) <= MAX_RESULT_SCHEMA_BYTES, 'it has more than 16 KiB')
  .describe('A JSON Schema (2020-12 or draft-07, at most 16 KiB, no remote references) that the result must match.');
export type ResultSchema = z.infer<typeof ResultSchema>;

/** What keeps a task from being admitted, for callers. */
export const HeldBy = z.enum(['dependencies', 'failed_dependency', 'paused', 'concurrency', 'budget', 'quota']);
export type HeldBy = z.infer<typeof HeldBy>;

/** Whether a task may start, and else what it waits for. */
export const Admission = z
  .discriminatedUnion('state', [
    z.object({
      state: z.literal('admitted'),
      at: Instant.nullable().describe('Null where it is from before there was admission.'),
    }),
    z.object({
      state: z.literal('held'),
      why: HeldBy,
      reason: z.string().describe('For a person, in one sentence.'),
      until: Instant.nullable().describe('When it is looked at again by itself, where time alone decides.'),
    }),
  ])
  .meta({ id: 'Admission' });
export type Admission = z.infer<typeof Admission>;

/**
 * The same as it is stored. Only what is the task's own is: `turn` waits for a place, and what keeps places from it (its
 * coordinator's pause, limits and budget, a breaker) is read when somebody looks, for it holds thousands at once.
 */
export const AdmissionRecord = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('admitted'),
    at: Instant.nullable(),
    trial: z.boolean().describe('Whether it was let in to see if a quota is there again.'),
  }),
  z.discriminatedUnion('by', [
    z.object({ state: z.literal('held'), by: z.literal('turn') }),
    z.object({ state: z.literal('held'), by: z.enum(['dependencies', 'failed_dependency']), reason: z.string() }),
  ]),
]);
export type AdmissionRecord = z.infer<typeof AdmissionRecord>;

const budget = {
  tasks: z.int().min(0).max(1_000_000).nullable().describe('How many tasks may ever be created.'),
  wallClockSeconds: z
    .int()
    .min(0)
    .max(315_360_000)
    .nullable()
    .describe('How long its attempts may run, added up; when it is used up nothing more is started.'),
};

/** What a coordinator's tasks may use in all; null: no limit. */
export const Budget = z
  .object({ tasks: budget.tasks.default(null), wallClockSeconds: budget.wallClockSeconds.default(null) })
  .meta({ id: 'Budget' });
export type Budget = z.infer<typeof Budget>;

/** A part of a budget: what is not named stays. */
export const SomeBudget = z.object(budget).partial();

export const NO_BUDGET: Budget = { tasks: null, wallClockSeconds: null };

/** How many tasks of a coordinator may have a place at once. */
export const MaxRunning = z.int().min(1).max(100_000);
