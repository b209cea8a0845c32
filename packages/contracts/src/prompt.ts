import { z } from 'zod';
import { Instant, Uuid } from './ids.ts';

/** The most bytes (UTF-8) that one prompt may have. */
export const MAX_PROMPT_BYTES = 65_536;
/** The most prompts of one task that may wait for delivery. */
export const MAX_QUEUED_PROMPTS = 32;

// A prompt is pasted into a terminal. Tab, newline and carriage return are text; the other control characters are
// commands to the terminal or the agent (ESC [ 201 ~ would end the paste), so they are refused, not altered.
// eslint-disable-next-line no-control-regex -- the point of this expression is control characters
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/** The text of a prompt, delivered byte for byte. Its size is checked by the coordinator: `prompt_too_large`. */
export const PromptText = z
  .string()
  .min(1)
  .refine((text) => text.isWellFormed(), 'it has half of a surrogate pair in it')
  .refine((text) => !FORBIDDEN.test(text), 'it has a control character other than tab, newline and carriage return')
  .describe('What to tell the agent, at most 64 KiB of UTF-8, delivered byte for byte.');

/** A wish to take a prompt back before it is typed: to put another text in its place, or nothing. */
export const PromptRecall = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('edit'), id: Uuid, bytes: z.int().min(0) }),
  z.object({ kind: z.literal('withdraw'), id: Uuid }),
]);
export type PromptRecall = z.infer<typeof PromptRecall>;

/** One prompt as it is stored. */
export const PromptRecord = z.object({
  id: Uuid,
  ordinal: z.int().min(1).describe('1 for the prompt the task was created with.'),
  bytes: z.int().min(0),
  state: z.enum(['queued', 'written', 'accepted', 'undelivered', 'withdrawn']),
  at: Instant,
  screen: z.string().max(20_000).optional(),
  revision: z.int().min(1).default(1).describe('How often its text was set: 1 until it is edited.'),
  textId: Uuid.nullable().default(null).describe('Under what its text is kept; null: under its own id.'),
  recall: PromptRecall.nullable().default(null),
  byHolder: z.boolean().default(false).describe('Sent by the one who held the keyboard: no hold keeps it back.'),
});
export type PromptRecord = z.infer<typeof PromptRecord>;

/** What is known of one prompt: `queued → written → accepted`, `undelivered` with the screen that was seen, or `withdrawn`. */
export const PromptReceipt = PromptRecord.omit({ textId: true, recall: true, byHolder: true })
  .extend({ held: z.boolean().describe('Kept back for as long as a person holds the keyboard.') })
  .meta({ id: 'PromptReceipt' });
export type PromptReceipt = z.infer<typeof PromptReceipt>;
