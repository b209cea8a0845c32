import { randomUUID } from 'node:crypto';
import type { Operation } from '@roundhouse/contracts';
import { z } from 'zod';

type Schema = z.core.JSONSchema.BaseSchema;

/**
 * A valid input of an operation, made from its schema: what is required, as small as it may be, and every field that
 * `known` names.
 */
export function exampleInput(
  { name, input }: Pick<Operation, 'name' | 'input'>,
  known: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const root = z.toJSONSchema(input, { io: 'input' });
  const example = exampleOf(root, root, known) as Record<string, unknown>;
  const { success, error } = input.safeParse(example);
  if (!success) throw new Error(`no example of ${name} could be made: ${error.message}`);
  return example;
}

function exampleOf(schema: Schema, root: Schema, known: Readonly<Record<string, unknown>>): unknown {
  const next = (inner: Schema): unknown => exampleOf(inner, root, known);
  if (schema.$ref !== undefined) return next(root.$defs?.[schema.$ref.replace('#/$defs/', '')] as Schema);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return next((choices.find(({ type }) => type === 'null') ?? choices[0]) as Schema);
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {});
      const wanted = fields.filter(([key]) => schema.required?.includes(key) === true || key in known);
      return Object.fromEntries(wanted.map(([key, inner]) => [key, known[key] ?? next(inner as Schema)]));
    }
    case 'array':
      return [];
    case 'string':
      return schema.format === 'uuid' ? randomUUID() : 'x'.repeat(Math.max(1, schema.minLength ?? 0));
    case 'integer':
    case 'number':
      return Math.max(0, schema.minimum ?? 0);
    case 'boolean':
      return false;
    default:
      return null;
  }
}
