import { isPublic } from './access.ts';
import type { ErrorCode } from './errors.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS, type OperationName } from './operations.ts';

/** Codes that any call may be answered with. */
const ANY: readonly ErrorCode[] = [
  'validation_failed',
  'bad_request',
  'bad_host',
  'origin_refused',
  'rate_limited',
  'internal',
  'store_unavailable',
  'stopping',
];
const WITH_TOKEN: readonly ErrorCode[] = ['unauthenticated', 'forbidden', 'coordinator_mismatch', 'access_stopped'];
const WITH_KEY: readonly ErrorCode[] = ['idempotency_mismatch', 'idempotency_in_progress'];
const WITH_BODY: readonly ErrorCode[] = ['body_too_large', 'unsupported_media_type'];

/** Every code that an operation may be answered with: its own, and those that come with how it is called. */
export function errorCodesOf({ name, errors, idempotencyKey, method }: Operation): readonly ErrorCode[] {
  const codes = [
    ...errors,
    ...ANY,
    ...(isPublic(name as OperationName) ? [] : WITH_TOKEN),
    ...(idempotencyKey ? WITH_KEY : []),
    ...(method === 'GET' ? [] : WITH_BODY),
  ];
  return [...new Set(codes)];
}

const OF_OPERATIONS: ReadonlySet<ErrorCode> = new Set(
  (Object.values(OPERATIONS) as readonly Operation[])
    .filter(({ name }) => !isPublic(name as OperationName))
    .flatMap(({ errors }) => errors)
    .filter((code) => !ANY.includes(code) && !WITH_TOKEN.includes(code)),
);

/** Whether only a caller is told so whose token is good: the error is of what was asked for, which was looked at after the token. */
export const showsGoodToken = (code: ErrorCode): boolean => OF_OPERATIONS.has(code);

/** Codes that no operation answers with, and where they come from. */
export const ERRORS_ELSEWHERE = {
  ref_forbidden: 'git over HTTP',
  route_not_found: 'paths that there are not',
  method_not_allowed: 'paths that there are, with another method',
  service_unreachable: 'the MCP gateway',
} as const satisfies Partial<Record<ErrorCode, string>>;
