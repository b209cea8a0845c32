import { z } from 'zod';

/** What every list takes: where to go on, and how much of it. */
export const listPage = (limit: { readonly max: number; readonly usual: number }) => ({
  cursor: z.string().max(400).optional().describe('The nextCursor of the page before; from the beginning by default.'),
  limit: z.int().min(1).max(limit.max).default(limit.usual).describe('How many at most.'),
});

/** Where a list goes on. What is added meanwhile makes no other row come twice or not at all. */
export const NextCursor = z
  .string()
  .nullable()
  .describe('Pass it as cursor for what follows; null at the end. What is added meanwhile moves nothing.');
