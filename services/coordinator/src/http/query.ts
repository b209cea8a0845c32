import { z } from 'zod';

/** The schema below `optional`, `default` and the like. */
function bare(schema: z.ZodType): z.ZodType {
  let current: z.ZodType = schema;
  while (current instanceof z.ZodOptional || current instanceof z.ZodDefault || current instanceof z.ZodNullable) {
    current = current.unwrap() as z.ZodType;
  }
  return current;
}

/** A query is text: numbers, booleans and lists of text are read out of it, by the schema and strictly. What is neither stays text. */
export function readQuery(
  shape: Readonly<Record<string, z.ZodType>>,
  query: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const read: Record<string, unknown> = { ...query };
  for (const [key, value] of Object.entries(query)) {
    const schema = shape[key];
    if (schema === undefined || typeof value !== 'string') continue;
    const type = bare(schema);
    // A list of one looks like a text: ?kinds=ended
    if (type instanceof z.ZodArray) read[key] = [value];
    if (type instanceof z.ZodNumber && /^-?\d{1,15}$/.test(value)) read[key] = Number(value);
    if (type instanceof z.ZodBoolean && (value === 'true' || value === 'false')) read[key] = value === 'true';
  }
  return read;
}
