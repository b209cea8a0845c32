import { ACCESS, OPERATIONS, type Operation, type OperationName, Role, isPublic } from '@roundhouse/contracts';
import fc, { type Arbitrary } from 'fast-check';
import type { FuzzedDocument, FuzzedOperation } from './document.ts';
import { someText, valueOf } from './values.ts';

/** Who asks. `a` is the coordinator whose calls must never show anything of `b`, the other one. */
export type FuzzCaller = 'a' | 'agentOfA' | 'operator' | 'launcher' | 'mobile' | 'nobody' | 'malformed';

/** One request, as data that fast-check can print and make smaller. */
export interface FuzzRequest {
  readonly operation: FuzzedOperation;
  readonly caller: FuzzCaller;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  /** Sent in the body's place, byte for byte. */
  readonly rawBody: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The operation's own, unless another one is tried. */
  readonly method: string;
  readonly suffix: string;
}

const CALLERS: Readonly<Record<Role, FuzzCaller | null>> = {
  coordinator: 'a',
  subtask: 'agentOfA',
  operator: 'operator',
  launcher: 'launcher',
  mobile: 'mobile',
  paired: null,
  runner: null,
};
const anyone = fc.constantFrom<FuzzCaller>(
  'a',
  'a',
  'agentOfA',
  'operator',
  'launcher',
  'mobile',
  'nobody',
  'malformed',
);

/** Mostly who may call it, and a coordinator before all others: what must be kept from one is the point. */
function callersOf(operation: Operation): Arbitrary<FuzzCaller> {
  const name = operation.name as OperationName;
  const may = isPublic(name)
    ? []
    : Role.options.flatMap((role) => (ACCESS[name][role] === 'none' ? [] : (CALLERS[role] ?? [])));
  if (may.length === 0) return anyone;
  const right = may.includes('a') ? fc.constantFrom<FuzzCaller>('a', 'a', 'a', ...may) : fc.constantFrom(...may);
  return fc.oneof({ weight: 4, arbitrary: right }, { weight: 1, arbitrary: anyone });
}

const oddHeaders: Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: fc.record({ 'idempotency-key': fc.constantFrom('k1', 'k2', 'k3', 'a b', 'x'.repeat(201)) }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Record<string, string>>(
      { 'if-none-match': '*' },
      { 'if-none-match': 'W/"x", "' },
      { accept: 'text/html' },
      { 'accept-encoding': 'br;q=1.0, gzip' },
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/xml' },
      { 'content-type': 'application/json; charset=utf-16' },
      { 'content-type': 'application/json;;;' },
      { 'content-type': '' },
      { 'content-encoding': 'gzip' },
      { 'x-coordinator-id': 'b' },
      { 'x-coordinator-id': '' },
      { 'x-coordinator-id': 'x' },
      { 'x-done-token': 'x' },
      { 'last-event-id': '0-0' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { host: 'evil.example' },
      { host: '[' },
      { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-host': 'evil.example' },
      { range: 'bytes=0-1' },
      { expect: '100-continue' },
      { 'x-http-method-override': 'DELETE' },
      { cookie: 'x'.repeat(4_000) },
      { upgrade: 'websocket', connection: 'upgrade' },
    ),
  },
);

const rawBodies = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    '[',
    '"x"',
    'null',
    '1',
    '{"a":1}{}',
    '\u0000',
    '{"__proto__":{"x":1}}',
    '{"constructor":{"prototype":{}}}',
    '{"prompt":"\\ud800"}',
  ),
  fc.constant('['.repeat(50_000)),
  fc.constant(`{"name":"${'x'.repeat(1_200_000)}"}`),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

/** Requests that the document allows, and requests that it does not. */
export function requestsOf(document: FuzzedDocument): Arbitrary<FuzzRequest> {
  // A stream does not end; it has its own tests.
  const usual = document.operations.filter(({ name }) => name !== 'streamEvents');
  const each = usual.map((operation) => {
    const named = operation.parameters.filter((parameter) => parameter.in !== 'header');
    const fields = Object.fromEntries(named.map(({ name, schema }) => [name, valueOf(document, schema, name)]));
    const requiredKeys = named.filter(({ required }) => required).map(({ name }) => name);
    const body = operation.body === null ? fc.constant(undefined) : valueOf(document, operation.body);
    return fc.record({
      operation: fc.constant(operation),
      caller: callersOf(OPERATIONS[operation.name]),
      parameters: fc
        .tuple(fc.record(fields, { requiredKeys }), odd(fc.dictionary(someText, someText, { maxKeys: 2 }), 8, {}))
        .map(([right, wrong]) => ({ ...wrong, ...right })),
      body: fc.tuple(body, mutations).map(([right, mutate]) => mutate(right)),
      rawBody: odd(rawBodies, 12, null),
      headers: oddHeaders,
      method: odd(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'),
        20,
        operation.method,
      ),
      suffix: odd(fc.constantFrom('/', '//', '/..', '/%2e%2e', '%00', '?', '??', '#', '/x', ';x', '%'), 20, ''),
    });
  });
  return fc.oneof(...each);
}

/** Something odd once in so many times. */
const odd = <T, U>(arbitrary: Arbitrary<T>, once: number, otherwise: U): Arbitrary<T | U> =>
  fc.oneof({ weight: once - 1, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary });

/** What may be done to a right body: mostly nothing; a field of another type, one less, one more. */
const mutations: Arbitrary<(body: unknown) => unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constant((body: unknown) => body) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.nat(20), fc.oneof(fc.jsonValue(), someText, fc.constantFrom<unknown>(-5, 3e9, '5', null, true, [])))
      .map(
        ([at, value]) =>
          (body: unknown) =>
            changed(body, at, (key) => [[key, value]]),
      ),
  },
  { weight: 2, arbitrary: fc.nat(20).map((at) => (body: unknown) => changed(body, at, () => [])) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(someText, fc.jsonValue())
      .map(([key, value]) => (body: unknown) => ({ ...(body as object | undefined), [key]: value })),
  },
);

function changed(body: unknown, at: number, change: (key: string) => [string, unknown][]): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || '$pool' in body) return body;
  const fields = Object.entries(body);
  const index = fields.length === 0 ? -1 : at % fields.length;
  // A wait without its time would stand open for the default of 45 s.
  return Object.fromEntries(
    fields.flatMap(([key, value], place) => (place === index && key !== 'timeoutMs' ? change(key) : [[key, value]])),
  );
}
