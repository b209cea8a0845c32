import type { z } from 'zod';
import type { ErrorCode } from './errors.ts';

type AnyObject = z.ZodObject<z.ZodRawShape>;

/**
 * One capability, defined once. The HTTP route, the OpenAPI entry, the typed client and, where `tool` is given, the MCP
 * tool are read off it; who may call it stands in access.ts. `input` has the path's parameters, the query (GET) and the body (other methods) in one object.
 */
export interface Operation<I extends AnyObject = AnyObject, O extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Fastify's form: `/api/tasks/:id`. A parameter's name is a key of `input`. */
  readonly path: string;
  readonly tag:
    'tasks' | 'sub-task' | 'events' | 'projects' | 'coordinators' | 'tokens' | 'attempts' | 'audit' | 'service';
  readonly summary: string;
  /** What a model or a person must know to use it well. */
  readonly description: string;
  readonly effect: 'read' | 'write' | 'destructive';
  /** Whether an Idempotency-Key makes it one effect with one answer: so with all that make or change something. */
  readonly idempotencyKey: boolean;
  /** Whether the answer has a secret in it: then it is kept for its Idempotency-Key in a form that the caller alone can open. */
  readonly secret: boolean;
  /** Whether it answers with server-sent events (text/event-stream), each of which has `output` as its data. */
  readonly stream: boolean;
  /** Whether the call may stand open for up to 55 s. */
  readonly waits: boolean;
  readonly status: 200 | 201;
  readonly input: I;
  readonly output: O;
  /** Codes that are this operation's own; those that any call may get (401, 400, 500, …) are left out. */
  readonly errors: readonly ErrorCode[];
  /** The MCP tool's name, where there is one. */
  readonly tool: string | null;
}

interface Definition<I extends AnyObject, O extends z.ZodType> extends Omit<
  Operation<I, O>,
  'idempotencyKey' | 'secret' | 'stream' | 'waits' | 'status' | 'errors' | 'tool'
> {
  readonly idempotencyKey?: boolean;
  readonly secret?: boolean;
  readonly stream?: boolean;
  readonly waits?: boolean;
  readonly status?: 200 | 201;
  readonly errors?: readonly ErrorCode[];
  readonly tool?: string;
}

export function operation<I extends AnyObject, O extends z.ZodType>(definition: Definition<I, O>): Operation<I, O> {
  const { secret = false, stream = false, waits = false, status = 200, errors = [], tool = null, ...rest } = definition;
  const { idempotencyKey = rest.effect !== 'read' } = definition;
  return { ...rest, idempotencyKey, secret, stream, waits, status, errors, tool };
}

export type InputOf<Op> = Op extends Operation<infer I, z.ZodType> ? z.output<I> : never;
export type CallOf<Op> = Op extends Operation<infer I, z.ZodType> ? z.input<I> : never;
export type OutputOf<Op> = Op extends Operation<AnyObject, infer O> ? z.output<O> : never;

/** The names of a path's parameters: `/api/tasks/:id` has `id`. */
export const pathParameters = (path: string): string[] =>
  [...path.matchAll(/:([A-Za-z]+)/g)].map((match) => match[1] as string);
