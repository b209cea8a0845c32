import {
  ACCESS,
  type AccessName,
  HEADERS,
  OPERATIONS,
  type Reach,
  RoundhouseError,
  SELF,
  type TokenInfo,
  Uuid,
  archiveRef,
} from '@roundhouse/contracts';
import type { FastifyRequest } from 'fastify';
import { isLive } from '../domain/derived.ts';
import type { Deps } from '../handlers/deps.ts';
import type { VerifiedToken } from '../ports/access.ts';
import { trailOf } from './call-trail.ts';

/** The value of a header that must come once. */
export function header(request: FastifyRequest, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}

const unauthenticated = (why: string): RoundhouseError => new RoundhouseError('unauthenticated', why);

/** The token of a request: Bearer (RFC 6750), or the password of Basic (RFC 7617), which is what git can send. */
export function tokenOf(request: FastifyRequest): string {
  const value = header(request, 'authorization');
  if (value === null) throw unauthenticated('there is no Authorization header');
  const [scheme = '', credentials = ''] = value.split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() === 'basic') {
    const decoded = Buffer.from(credentials, 'base64').toString('utf8');
    return decoded.slice(decoded.indexOf(':') + 1);
  }
  throw unauthenticated('the Authorization header is neither Bearer nor Basic');
}

/**
 * Who calls. A token of an attempt dies with the attempt, whatever its own expiry says; one of a coordinator whose access is
 * stopped is not let in, but is not dead.
 */
export async function authenticate(deps: Deps, request: FastifyRequest): Promise<VerifiedToken> {
  const verified = await deps.tokens.verify(tokenOf(request));
  if (verified === null) throw unauthenticated('the token is not known, expired or revoked');
  const { identity, id } = verified.info;
  trailOf(request).caller = { identity, tokenId: id };
  switch (identity.role) {
    case 'coordinator':
      if (identity.host !== undefined) await refuseOver(deps, { role: 'subtask', ...identity.host });
      await refuseStopped(deps, identity.coordinatorId);
      break;
    case 'paired':
      await refuseStopped(deps, identity.coordinatorId);
      break;
    case 'subtask':
    case 'runner':
      await refuseOver(deps, identity);
      break;
    case 'operator':
    case 'launcher':
    case 'mobile':
      break;
  }
  return verified;
}

async function refuseStopped({ access }: Deps, coordinatorId: string): Promise<void> {
  const since = await access.stoppedAt(coordinatorId);
  if (since !== null) throw new RoundhouseError('access_stopped', `access was stopped at ${since}`, { since });
}

/** A token of the agent of an attempt is good while the attempt may live; its runner's until its sandbox is gone. */
type AttemptIdentity =
  | { readonly role: 'subtask'; readonly taskId: string; readonly attempt: number }
  | Extract<TokenInfo['identity'], { role: 'runner' }>;

async function refuseOver({ store }: Deps, identity: AttemptIdentity): Promise<void> {
  const { taskId, attempt } = identity;
  // An archive is written after the end, under a ref that nobody else has: that token lives by its own expiry.
  if (identity.role === 'runner' && identity.ref === archiveRef(taskId, attempt)) return;
  const task = await store.read(taskId);
  const current = task !== null && task.attempt === attempt;
  const alive = current && (identity.role === 'subtask' ? isLive(task) : task.sandboxes.includes(attempt));
  if (!alive) throw unauthenticated('the attempt that this token is for is over');
}

/** The coordinator that a request is for. A coordinator must name itself, by its id or as `self`; an operator may name any. */
export function coordinatorOf(request: FastifyRequest, { identity }: TokenInfo): string | null {
  const named = header(request, HEADERS.coordinatorId);
  switch (identity.role) {
    case 'coordinator':
    case 'paired':
      if (named === identity.coordinatorId || named === SELF) return identity.coordinatorId;
      // A phone is told whose it is by its token; it need not say so, but may not say otherwise.
      if (named === null && identity.role === 'paired') return identity.coordinatorId;
      throw new RoundhouseError(
        'coordinator_mismatch',
        named === null ? 'there is no X-Coordinator-Id header' : 'X-Coordinator-Id is not the token’s',
      );
    case 'operator':
      if (named === null || Uuid.safeParse(named).success) return named;
      throw new RoundhouseError('validation_failed', 'X-Coordinator-Id is not an id', {
        issues: [{ path: '/headers/x-coordinator-id', message: 'not a UUID v4' }],
      });
    case 'subtask':
    case 'runner':
      return identity.coordinatorId;
    case 'launcher':
    case 'mobile':
      return null;
  }
}

/**
 * How far the caller reaches with an operation or route, by the access matrix.
 * @throws RoundhouseError `forbidden` where not at all
 */
export function reachOf(name: AccessName, { identity }: TokenInfo): Exclude<Reach, 'none'> {
  const reach = ACCESS[name][identity.role];
  if (reach !== 'none') return reach;
  const what = name in OPERATIONS ? OPERATIONS[name as keyof typeof OPERATIONS].summary.toLowerCase() : 'do this';
  throw new RoundhouseError('forbidden', `a token of role ${identity.role} may not ${what}`);
}
