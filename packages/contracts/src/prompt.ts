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

/** What is known of one prompt: `queued → written → accepted`, or `undelivered` with the screen that was seen. */
export const PromptReceipt = z
  .object({
    id: Uuid,
    ordinal: z.int().min(1).describe('1 for the prompt the task was created with.'),
    bytes: z.int().min(0),
    state: z.enum(['queued', 'written', 'accepted', 'undelivered']),
    at: Instant,
    screen: z.string().max(20_000).optional(),
  })
  .meta({ id: 'PromptReceipt' });
export type PromptReceipt = z.infer<typeof PromptReceipt>;
