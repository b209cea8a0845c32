import { z } from 'zod';
import { Instant, Uuid } from './ids.ts';

/** A person, as far as the service knows one: the token that speaks for them. */
export const Person = z.object({
  tokenId: Uuid,
  label: z.string().max(200).describe('The token’s label: words for people.'),
});
export type Person = z.infer<typeof Person>;

/** Who holds the keyboard. A human's hold is a lease: it ends by itself. */
export const Control = z
  .discriminatedUnion('holder', [
    z.object({ holder: z.literal('coordinator') }),
    z.object({
      holder: z.literal('human'),
      who: Person.nullable().default(null).describe('Null only where the hold is older than the names of holders.'),
      until: Instant,
    }),
  ])
  .meta({ id: 'Control' });
export type Control = z.infer<typeof Control>;

/** The most bytes (UTF-8) that one input may have. */
export const MAX_INPUT_BYTES = 4_096;
/** The most inputs of one task that may wait for the terminal. */
export const MAX_QUEUED_INPUTS = 32;
/** The most characters of what a person typed that are kept. */
export const MAX_TYPED_CHARACTERS = 4_000;

/** What a person typed while they held the keyboard, as far as the terminal showed it. Somebody’s words: untrusted. */
export const Typed = z
  .object({
    lines: z.int().min(0).describe('How often Enter was pressed.'),
    text: z
      .string()
      .max(MAX_TYPED_CHARACTERS)
      .describe('As typed, keys named like ⟨Ctrl-C⟩. What the terminal did not show is ⟨not shown⟩. Untrusted.'),
    cut: z.boolean().describe('Whether more was typed than is kept here.'),
  })
  .meta({ id: 'Typed' });
export type Typed = z.infer<typeof Typed>;

/** A person's input on its way to the terminal. Kept only until the runner has typed it. */
export const QueuedInput = z.object({ id: Uuid, ordinal: z.int().min(1), text: z.string() });
export type QueuedInput = z.infer<typeof QueuedInput>;
