import fc, { type Arbitrary } from 'fast-check';
import type { FuzzedDocument, Schema } from './document.ts';

/** Something that only the running service knows; put in when the request is sent. */
export type Pool =
  | 'ownTask'
  | 'foreignTask'
  | 'ownId'
  | 'foreignId'
  | 'ownProject'
  | 'foreignProject'
  | 'ownCursor'
  | 'foreignCursor'
  | 'commit'
  | 'foreignCommit';
export interface FromPool {
  readonly $pool: Pool;
  readonly index: number;
}
const from = (...pools: Pool[]): Arbitrary<FromPool> =>
  fc.record({ $pool: fc.constantFrom(...pools), index: fc.nat(1_000) });

const nasty = fc.constantFrom(
  '',
  ' ',
  '0',
  'null',
  '../..',
  '..%2f',
  '%00',
  '%',
  '\u0000',
  '\ud800',
  'ＮＵＬＬ',
  '\u202e',
  'é',
  '🙂',
  '-1',
  '1e309',
  '{}',
  '[]',
  '__proto__',
  'constructor',
  '--upload-pack=x',
  'HEAD',
  'refs/heads/main',
  '${7*7}',
  "' or 1=1 --",
  '<script>',
  'x'.repeat(300),
  'x'.repeat(70_000),
);
const someText = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 20 }), nasty);
const someId = fc.oneof(
  { weight: 12, arbitrary: from('ownTask') },
  { weight: 5, arbitrary: from('foreignTask', 'foreignId', 'foreignProject') },
  { weight: 2, arbitrary: from('ownId', 'ownProject') },
  { weight: 2, arbitrary: fc.uuid({ version: 4 }) },
  { weight: 1, arbitrary: someText },
);

/** What the names of fields say beyond their schemas. */
const BY_NAME: Readonly<Record<string, Arbitrary<unknown>>> = {
  id: someId,
  taskId: someId,
  coordinatorTaskId: from('ownId', 'ownId', 'foreignId'),
  coordinatorId: from('ownId', 'foreignId'),
  projectId: from('ownProject', 'ownProject', 'ownProject', 'foreignProject', 'foreignTask'),
  reviewedCommit: from('commit', 'foreignCommit'),
  cursor: fc.oneof(
    from('ownCursor', 'ownTask', 'foreignCursor', 'foreignTask'),
    fc.constantFrom('0-0', '1.0', '1.5', '-', 'W10'),
    someText,
  ),
  // The others stand in a schema and are right; this one decides how long the test takes.
  timeoutMs: fc.integer({ min: 0, max: 20 }),
  path: fc.constantFrom('/', '/etc', '/nowhere', '.', '/proc/self', '\u0000', '/tmp'),
  baseBranch: fc.oneof(
    { weight: 4, arbitrary: fc.constant('main') },
    { weight: 1, arbitrary: fc.constantFrom('x', 'a/b', '@') },
  ),
};

/** A value that a schema allows, or nearly so: what stands only in words (a prompt's characters, a branch's name) may be wrong. */
export function valueOf(document: FuzzedDocument, schema: Schema, name = ''): Arbitrary<unknown> {
  const known = BY_NAME[name];
  if (known !== undefined) return known;
  const resolved = document.resolve(schema);
  const some = resolved.anyOf ?? resolved.oneOf;
  if (some !== undefined) return fc.oneof(...some.map((one) => valueOf(document, one)));
  if (resolved.const !== undefined) return fc.constant(resolved.const);
  if (resolved.enum !== undefined) return fc.constantFrom(...resolved.enum);
  const [type, ...others] = typeof resolved.type === 'string' ? [resolved.type] : (resolved.type ?? ['string']);
  if (others.length > 0)
    return fc.oneof(...[type, ...others].map((one) => valueOf(document, { ...resolved, type: one ?? 'null' })));
  switch (type) {
    case 'object':
      return objectOf(document, resolved);
    case 'array':
      return fc.array(valueOf(document, resolved.items ?? {}, name === 'taskIds' ? 'taskId' : ''), {
        minLength: resolved.minItems ?? 0,
        maxLength: Math.min(resolved.maxItems ?? 3, 3),
      });
    case 'integer':
      return fc.integer({ min: resolved.minimum ?? 0, max: Math.min(resolved.maximum ?? 1_000, 2 ** 31 - 1) });
    case 'number':
      return fc.double({ min: resolved.minimum ?? 0, max: resolved.maximum ?? 1_000, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return textOf(resolved);
  }
}

function textOf({ pattern, minLength = 0, maxLength = 60 }: Schema): Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.max(minLength, Math.min(maxLength, 60)) });
}

function objectOf(document: FuzzedDocument, { properties = {}, required = [] }: Schema): Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, valueOf(document, schema, name)]),
  );
  // Left out, it would be the default of 45 s.
  const needed = [...required, 'timeoutMs'].filter((name) => name in fields);
  return fc.record(fields, { requiredKeys: needed });
}

export { someText };
