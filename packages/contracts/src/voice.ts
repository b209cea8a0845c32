import { z } from 'zod';
import { AttemptNumber, Instant, Uuid } from './ids.ts';

/** The most questions of one task that may be open at once. */
export const MAX_OPEN_QUESTIONS = 4;
/** How many questions that are no longer open a task remembers, for an agent that asks again. */
export const KEPT_QUESTIONS = 8;
/** How many reports a task keeps: the last ones. */
export const KEPT_REPORTS = 20;

const words = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => text.isWellFormed(), 'it has half of a surrogate pair in it');

export const QuestionText = words(4_000).describe('The question, at most 4,000 characters.');
export const QuestionOption = words(200);
export const AnswerText = words(4_000).describe('The answer, at most 4,000 characters.');
export const ReportText = words(4_000).describe('What there is to say, at most 4,000 characters.');

/** What came of a question. `over`: the attempt that asked it has ended, so nobody waits for the answer. */
export const QuestionOutcome = z.discriminatedUnion('state', [
  z.object({ state: z.literal('open') }),
  z.object({
    state: z.literal('answered'),
    text: z.string().max(4_000),
    by: z.enum(['coordinator', 'human']),
    /** Says whether an answer that comes again is the same one. */
    answerId: Uuid,
    at: Instant,
  }),
  z.object({ state: z.literal('over'), at: Instant }),
]);
export type QuestionOutcome = z.infer<typeof QuestionOutcome>;

/** A question that a sub-task put to whoever directs it. The agent's own words: untrusted. */
export const AskedQuestion = z
  .object({
    id: Uuid,
    attempt: AttemptNumber,
    text: z.string().max(4_000),
    options: z.array(z.string().max(200)).max(32),
    at: Instant,
    outcome: QuestionOutcome,
  })
  .meta({ id: 'AskedQuestion' });
export type AskedQuestion = z.infer<typeof AskedQuestion>;

export const ReportKind = z.enum(['partial', 'blocked', 'out_of_scope']);
export type ReportKind = z.infer<typeof ReportKind>;

/** What a sub-task told besides done. The agent's own words: untrusted. */
export const Report = z
  .object({ id: Uuid, attempt: AttemptNumber, kind: ReportKind, text: z.string().max(4_000), at: Instant })
  .meta({ id: 'Report' });
export type Report = z.infer<typeof Report>;
