import { z } from 'zod';
import { AttemptNumber, Instant, Uuid } from './ids.ts';

/** Who a token speaks for. */
export const Role = z.enum(['operator', 'coordinator', 'subtask', 'mobile', 'paired', 'runner', 'launcher']);
export type Role = z.infer<typeof Role>;

/** What a token is bound to; a token is good for nothing outside it. */
export const Identity = z
  .discriminatedUnion('role', [
    z.object({ role: z.literal('operator') }),
    z.object({ role: z.literal('launcher') }),
    z.object({ role: z.literal('mobile') }),
    z.object({
      role: z.literal('coordinator'),
      coordinatorId: Uuid,
      host: z
        .object({ taskId: Uuid, attempt: AttemptNumber })
        .optional()
        .describe('Of a coordinator that is the agent of a task: the token ends with that attempt.'),
    }),
    z.object({ role: z.literal('paired'), coordinatorId: Uuid }).describe('A phone that was paired by PIN.'),
    z.object({ role: z.literal('subtask'), coordinatorId: Uuid, taskId: Uuid, attempt: AttemptNumber }),
    z.object({
      role: z.literal('runner'),
      coordinatorId: Uuid,
      taskId: Uuid,
      attempt: AttemptNumber,
      ref: z.string().describe('The one ref of the hub that this token may write.'),
    }),
  ])
  .meta({ id: 'Identity' });
export type Identity = z.infer<typeof Identity>;

/** A token as listed: never its secret. */
export const TokenInfo = z
  .object({
    id: Uuid,
    identity: Identity,
    label: z.string(),
    createdAt: Instant,
    expiresAt: Instant.nullable(),
    revokedAt: Instant.nullable(),
    rotatedAt: Instant.nullable().default(null).describe('When it last got a new secret.'),
    previousUntil: Instant.nullable().default(null).describe('How long the secret before that one is good.'),
  })
  .meta({ id: 'Token' });
export type TokenInfo = z.infer<typeof TokenInfo>;

/** `rh_<role>_<id without hyphens>_<32 random bytes, base64url>`: the role is for people, the id finds the record. */
export const TOKEN_PATTERN =
  /^rh_(operator|coordinator|subtask|mobile|paired|runner|launcher)_([0-9a-f]{32})_([A-Za-z0-9_-]{43})$/;

/** Puts the hyphens back into an id of 32 hexadecimal digits. */
export const uuidOfHex = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

/** Request headers of ours. */
export const HEADERS = {
  coordinatorId: 'x-coordinator-id',
  doneToken: 'x-done-token',
  idempotencyKey: 'idempotency-key',
  /** By which program a call comes; see client-info. It decides nothing. */
  client: 'x-roundhouse-client',
} as const;
