import { z } from 'zod';

const Schema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
});

/** The least JSON that a schema lets through, as text: what a request beside the conversation asks for. */
export const leastInstance = (schema: unknown): string => JSON.stringify(instance(schema));

function instance(schema: unknown): unknown {
  const { type, enum: choices, properties = {}, required = [] } = Schema.catch({}).parse(schema);
  if (choices !== undefined) return choices[0];
  switch ([type].flat()[0]?.toLowerCase()) {
    case 'object':
      return Object.fromEntries(required.map((name) => [name, instance(properties[name])]));
    case 'array':
      return [];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 1;
    default:
      return 'ok';
  }
}
