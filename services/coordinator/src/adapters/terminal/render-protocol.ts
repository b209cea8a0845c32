import { z } from 'zod';

/** What the thread is asked. `from`: the number of a row; `end`: the last page; `screen`: the screen alone. */
export const RenderQuestion = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('render'),
    id: z.int(),
    file: z.string(),
    cols: z.int(),
    rows: z.int(),
    from: z.union([z.int().min(0), z.enum(['end', 'screen'])]),
    limit: z.int().min(1),
  }),
  z.object({ type: z.literal('cancel'), id: z.int() }),
]);
export type RenderQuestion = z.infer<typeof RenderQuestion>;

const Page = z.object({
  text: z.string(),
  firstLine: z.int(),
  nextLine: z.int(),
  lines: z.int(),
  unsettled: z.int(),
  more: z.boolean(),
  dropped: z.int(),
});

/** `page` null: it was cancelled before it was done; what was read until then is not read again. */
export const RenderAnswer = z.object({ id: z.int(), page: Page.nullable(), fault: z.string().nullable() });
export type RenderAnswer = z.infer<typeof RenderAnswer>;
