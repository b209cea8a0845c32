import {
  ACCESS,
  ERRORS,
  type ErrorCode,
  HEADERS,
  OPERATIONS,
  type Operation,
  type OperationName,
  SELF,
  errorCodesOf,
  isPublic,
  pathParameters,
} from '@roundhouse/contracts';
import { EXAMPLES } from '@roundhouse/contracts/examples/index';
import { jsonSchemaTransformObject } from 'fastify-type-provider-zod';

/** The parts of the document (OpenAPI 3.1) that are added to here. */
interface Content {
  schema?: unknown;
  example?: unknown;
}
interface Response {
  description: string;
  content?: Record<string, Content>;
  headers?: Record<string, unknown>;
  'x-error-codes'?: readonly ErrorCode[];
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: unknown;
  example?: unknown;
}
interface Entry {
  operationId?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Content> };
  responses?: Record<string, Response>;
}
interface Document {
  paths?: Record<string, Record<string, Entry>>;
}

const JSON_TYPE = 'application/json';
const header = (name: string, description: string, schema: object = { type: 'string' }): Parameter => ({
  name,
  in: 'header',
  required: false,
  description,
  schema,
});
const isRead = ({ name, method, stream }: Operation): boolean =>
  method === 'GET' && !isPublic(name as OperationName) && !stream;

/** Headers that belong to how an operation is called, and so stand in no operation's input. */
function headersOf(operation: Operation): Parameter[] {
  const { name, idempotencyKey, errors, stream } = operation;
  const owned = ACCESS[name as OperationName].coordinator !== 'none' && !isPublic(name as OperationName);
  return [
    ...(owned
      ? [
          header(
            HEADERS.coordinatorId,
            'A coordinator’s token: its own id or `self`, always. An operator’s token: the coordinator to act for.',
            {
              anyOf: [
                { type: 'string', format: 'uuid' },
                { type: 'string', const: SELF },
              ],
            },
          ),
        ]
      : []),
    ...(idempotencyKey
      ? [
          header(
            HEADERS.idempotencyKey,
            'The same request with the same key again has one effect and gives the same answer, for a day. The key is the caller’s own, for one operation.',
            { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
          ),
        ]
      : []),
    ...(errors.includes('done_token_invalid') ? [header(HEADERS.doneToken, 'The attempt’s second secret.')] : []),
    ...(isRead(operation)
      ? [header('if-none-match', 'The ETag of an earlier answer: 304 where nothing has changed since.')]
      : []),
    ...(stream ? [header('last-event-id', 'The id of the last event that came: goes on right after it.')] : []),
  ];
}

function completeResponses(operation: Operation, responses: Record<string, Response>, answer: unknown): void {
  const codes = errorCodesOf(operation);
  for (const [status, response] of Object.entries(responses)) {
    const own = codes.filter((code) => ERRORS[code].status === Number(status));
    if (own.length === 0) continue;
    response['x-error-codes'] = own;
    if (status === '429')
      response.headers = { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } };
  }
  const good = responses[String(operation.status)];
  const content = good?.content?.[JSON_TYPE];
  if (good === undefined || content === undefined) return;
  good.description = operation.summary;
  if (answer !== undefined) content.example = answer;
  if (operation.stream) good.content = { 'text/event-stream': content };
  if (!isRead(operation)) return;
  good.headers = { ETag: { description: 'Weak; of this answer.', schema: { type: 'string' } } };
  responses['304'] = { description: 'Nothing has changed since the answer whose ETag If-None-Match names.' };
}

function completeRequest(operation: Operation, entry: Entry, request: object | undefined): void {
  const parameters = [...(entry.parameters ?? []), ...headersOf(operation)];
  if (parameters.length > 0) entry.parameters = parameters;
  if (request === undefined) return;
  const rest: Record<string, unknown> = { ...request };
  for (const parameter of parameters) {
    if (parameter.in === 'header' || !(parameter.name in rest)) continue;
    parameter.example = rest[parameter.name];
  }
  for (const name of pathParameters(operation.path)) delete rest[name];
  const body = entry.requestBody?.content[JSON_TYPE];
  if (body !== undefined) body.example = rest;
}

/** Answers may have more fields at any time: a client that was made from this document passes over them. */
function openAnswers(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const object = value as Record<string, unknown>;
  if (object['additionalProperties'] === false) delete object['additionalProperties'];
  for (const inner of Object.values(object)) openAnswers(inner);
}

type Transform = typeof jsonSchemaTransformObject;

/** The document that the routes give, with all that is true of every operation and of each one's examples. */
export const completeDocument: Transform = (input) => {
  const document = jsonSchemaTransformObject(input);
  for (const entries of Object.values((document as Document).paths ?? {})) {
    for (const entry of Object.values(entries)) {
      const name = entry.operationId as OperationName | undefined;
      if (name === undefined) continue;
      const operation: Operation = OPERATIONS[name];
      const example = EXAMPLES[name];
      completeRequest(operation, entry, example?.request);
      completeResponses(operation, entry.responses ?? {}, example?.answer);
    }
  }
  openAnswers(document);
  return document;
};
